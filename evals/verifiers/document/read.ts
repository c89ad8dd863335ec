// A document as blocks, by what it is written in; of HTML only that it is text, since a browser reads it.
import type { Artifact } from '../artifact.ts';
import { fileText } from '../gates.ts';
import type { Block } from './blocks.ts';
import type { DocumentCheck } from './document.ts';
import { parseDocx } from './docx.ts';
import { parseMarkdown } from './markdown.ts';

type Parse = { readonly blocks: readonly Block[] } | { readonly html: true } | { readonly why: string };

export function readDocument({ file, as }: Pick<DocumentCheck, 'file' | 'as'>, artifact: Artifact): Parse {
  if (as === 'docx') {
    const bytes = artifact.get(file);
    if (bytes === undefined) return { why: `${file} is missing` };
    const parsed = parseDocx(bytes);
    return 'why' in parsed ? { why: `${file} ${parsed.why}` } : parsed;
  }
  const source = fileText(artifact, file);
  if ('why' in source) return source;
  if (as === 'html') return { html: true };
  const parsed = parseMarkdown(source.text);
  return 'why' in parsed ? { why: `${file}: ${parsed.why}` } : parsed;
}
