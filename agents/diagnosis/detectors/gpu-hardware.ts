import type { TextDetector } from './detector.ts';

export const gpuHardware: TextDetector = {
  cause: 'gpu-hardware',
  sayings: [
    {
      // Those that NVIDIA's catalogue ascribes to the device, its memory, its links or its firmware.
      pattern:
        /\bXid\b[^:]*(?:\([^)]*\))?\s*:?\s*(?:48|56|57|58|62|63|64|74|79|81|87|88|92|94|95|109|110|119|12[0-9]|13[0-9]|14[0-9]|15[0-9]|16[0-9])\b/i,
      ...{
        strength: 0.95,
        unless: /recovered by itself/,
        example: 'NVRM: Xid (PCI:0000:44:00): 79, pid=1, GPU has fallen off the bus.',
      },
    },
    {
      pattern: /\bXid\b[^:]*\([^)]*\)\s*:\s*(?:13|31|32|43|68|69)\b/i,
      strength: 0.6,
      example: 'NVRM: Xid (PCI:0000:3b:00): 31, pid=1, Ch 00000008, intr 00000000. MMU Fault',
    },
    {
      pattern: /\bXid\b[^:]*\([^)]*\)\s*:\s*45\b/i,
      strength: 0.4,
      follows: true,
      example: 'NVRM: Xid (PCI:0000:dc:00): 45, pid=1, Ch 00000001',
    },
    {
      pattern: /\bSXid\b[^:]*\([^)]*\)\s*:\s*\d+,? ?Fatal/i,
      strength: 0.92,
      example: 'nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 20034, Fatal, Link 30 LTSSM Fault Up',
    },
    {
      pattern:
        /uncorrectable (?:\w+ )?ECC|ECC(?:_| )UNCORRECTABLE|cudaErrorECCUncorrectable|double[- ]bit ECC|DBE\b.*ECC|row remap(?:ping|per)?.*fail/i,
      ...{
        strength: 0.95,
        unless: /Volatile Uncorr\. ECC|(?:errors?|uncorrectable|count)\w*\s*[:=|]\s*0\b|no uncorrectable/i,
        example: 'RuntimeError: CUDA error: uncorrectable ECC error encountered',
      },
    },
    {
      pattern:
        /fallen off the bus|GPU is lost|Unable to determine the device handle for GPU|NVLink.*(?:fatal|uncorrectable|error detected)|GPU requires reset|thermal (?:shutdown|violation)|hardware (?:error|failure)|HW Slowdown.*Active(?!.*Not)|DCGM.*(?:FAIL|fatal)|CUDA error: (?:the launch timed out|unspecified launch failure|hardware stack error|device not ready|system not yet initialized)/i,
      ...{
        strength: 0.85,
        unless: /not active|mce: \[hardware error\]: cpu.*corrected/i,
        example:
          'Unable to determine the device handle for GPU 0000:44:00.0: GPU is lost.  Reboot the system to recover this GPU',
      },
    },
  ],
};
