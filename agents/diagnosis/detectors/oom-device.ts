import type { TextDetector } from './detector.ts';

export const oomDevice: TextDetector = {
  cause: 'oom-device',
  sayings: [
    {
      pattern:
        /\b(?:CUDA|HIP|NPU|XPU|MPS backend|MUSA|MLU|ROCm|GPU)(?: error:)? out of memory|(?:torch\.)?(?:cuda\.)?OutOfMemoryError: (?:CUDA|HIP|XPU|NPU|Allocation)/i,
      ...{ strength: 0.96, example: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB' },
    },
    {
      pattern:
        /cudaErrorMemoryAllocation|CUDA_ERROR_OUT_OF_MEMORY|hipErrorOutOfMemory|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|cuda failure.{0,12}out of memory|cu(?:da)?Malloc\w* failed/i,
      ...{
        strength: 0.93,
        example: 'RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`',
      },
    },
    {
      pattern:
        /RESOURCE_EXHAUSTED: .*(?:out of memory|allocat|hbm|vmem|reserve)|Resource exhausted: .*(?:OOM|allocat)|OOM when allocating tensor|ran out of memory in memory space/i,
      ...{
        strength: 0.94,
        unless: /host memory|grpc|received message larger/i,
        example: 'XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory allocating 1073741824 bytes.',
      },
    },
    {
      pattern:
        /no available memory for the cache blocks|less than desired GPU memory utilization|not enough (?:GPU|device) memory|insufficient (?:GPU|device) memory|KV cache is (?:larger than|needed).{0,80}available|is larger than the maximum number of tokens that can be stored in KV cache|not enough memory.{0,40}--mem-fraction/i,
      ...{
        strength: 0.9,
        example: 'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`',
      },
    },
  ],
};
