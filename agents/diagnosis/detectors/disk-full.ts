import type { TextDetector } from './detector.ts';

export const diskFull: TextDetector = {
  cause: 'disk-full',
  sayings: [
    {
      pattern:
        /No space left on device|\[?Errno 28\]|ENOSPC|Disk quota exceeded|\[Errno 122\]|EDQUOT|database or disk is full|disk (?:is )?full\b|not enough (?:free )?(?:disk )?space|insufficient (?:free )?disk space|no space left on the device|\bno_space\b/i,
      strength: 0.95,
      unless: /will be full|if .*disk is full/i,
      example: 'OSError: [Errno 28] No space left on device',
    },
    {
      pattern:
        /low on resource: (?:ephemeral-storage|nodefs|imagefs|inodes)|node had condition: \[DiskPressure\]|exceeds (?:the total limit|its local ephemeral).*(?:ephemeral|emptyDir)|ephemeral local storage usage exceeds/i,
      strength: 0.93,
      example: 'Warning  Evicted  37m  kubelet  The node was low on resource: ephemeral-storage.',
    },
    {
      pattern:
        /PytorchStreamWriter failed writing file|\d requested and \d+ written|File too large|\[Errno 27\]|iostream error.*(?:write|writ)|write(?:\(\))? failed: .*space|failed to write .*(?:checkpoint|shard)/i,
      strength: 0.85,
      example: 'RuntimeError: PytorchStreamWriter failed writing file data/322: file write failed',
    },
    {
      pattern:
        /(?:Auf dem Gerät ist kein Speicherplatz mehr verfügbar|Kein Speicherplatz mehr|Aucun espace disponible|No queda espacio|设备上没有空间|デバイスに空き領域がありません)/i,
      strength: 0.9,
      example: 'OSError: [Errno x] Auf dem Gerät ist kein Speicherplatz mehr verfügbar',
    },
  ],
};
