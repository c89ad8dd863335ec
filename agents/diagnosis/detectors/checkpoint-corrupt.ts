import type { TextDetector } from './detector.ts';

const LOADING = /load|resum|restor|checkpoint|ckpt|weights|state|open\(|read/i;

export const checkpointCorrupt: TextDetector = {
  cause: 'checkpoint-corrupt',
  sayings: [
    {
      pattern:
        /failed finding central directory|PytorchStreamReader failed|Error while deserializing header|SafetensorError|Metadata ?IncompleteBuffer|InvalidHeaderDeserialization|HeaderToo(?:Large|Small)|invalid load key|UnpicklingError|pickle data was truncated|Ran out of input|BadZipFile|File is not a zip file|not a valid (?:safetensors|checkpoint|zip|gguf)|truncated (?:checkpoint|file|archive)|storage has wrong (?:byte )?size|unexpected EOF, expected \d+ more bytes/i,
      ...{
        strength: 0.92,
        example: 'RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory',
      },
    },
    {
      pattern:
        /(?:checkpoint|ckpt|weights?|shard|snapshot|optimizer state|manifest|safetensors|model file)\b.{0,80}(?:corrupt|damaged|truncated|incomplete|checksum|digest|hash|crc)\w*.{0,40}|(?:corrupt|damaged|truncated|checksum (?:mismatch|error)|digest mismatch|crc mismatch).{0,60}(?:checkpoint|ckpt|weights?|shard|snapshot|\.safetensors|\.pt\b|\.bin\b|\.distcp)|DATA_LOSS/i,
      ...{
        strength: 0.88,
        unless: /ignored|skipp|falling back|checksum (?:ok|match)|verified|hash(?:ed|ing)/i,
        example: 'RuntimeError: checkpoint step-00040 is corrupt: checksum mismatch for weights.bin',
      },
    },
    {
      pattern:
        /^(?:\w+\.)*(?:EOFError|zlib\.error|BadGzipFile|LZMAError|struct\.error|JSONDecodeError|CheckpointException)\b/,
      frames: LOADING,
      strength: 0.7,
      example: 'EOFError: unexpected end of the checkpoint file',
    },
  ],
};
