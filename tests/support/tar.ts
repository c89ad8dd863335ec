// Tars by entries, so that a test can make what no program of this machine would.
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';

export type TarEntry = Partial<Header> & { readonly name: string; readonly content?: string | Uint8Array };

export async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  const bytes = buffer(tar as AsyncIterable<Uint8Array>);
  for (const { content, ...header } of entries) {
    if (content === undefined) tar.entry(header);
    else tar.entry(header, Buffer.from(content));
  }
  tar.finalize();
  return bytes;
}
