import type { TextDetector } from './detector.ts';

export const tokenizerMismatch: TextDetector = {
  cause: 'tokenizer-mismatch',
  sayings: [
    {
      pattern:
        /srcIndex < srcSelectDimSize|indexSelect(?:Large|Small)Index|token(?:[ _]?ids?)?\b.{0,40}(?:out of (?:range|vocab|bounds)|exceeds? .*vocab|>= ?vocab|not in vocab)|vocab\w*[ _]?(?:size)?.{0,60}(?:mismatch|does not match|!=|differs?|larger than|smaller than)|tokenizer.{0,80}(?:mismatch|does not match|doesn't match|differs?|incompatible|but the model)|embedding.{0,40}rows?.{0,30}tokenizer/i,
      strength: 0.92,
      unless: /warn|resiz(?:ing|ed)|padd(?:ed|ing) vocab/i,
      example:
        'Indexing.cu:1146: indexSelectLargeIndex: block: [1,0,0] Assertion `srcIndex < srcSelectDimSize` failed.',
    },
    {
      pattern:
        /size mismatch for \S*(?:embed|wte|lm_head|word_embeddings|tok_embeddings|output_layer|embed_out|shared)\S*/i,
      strength: 0.9,
      example: 'size mismatch for model.embed_tokens.weight: copying a param with shape torch.Size([32001, 4096])',
    },
    {
      pattern:
        /index out of range in self|index \d+ is out of bounds for (?:axis|dimension) 0 with size \d{4,}|IndexError/i,
      frames: /embed|token|vocab|wte/i,
      strength: 0.85,
      example: 'IndexError: index 32005 is out of bounds for axis 0 with size 32000 (embedding)',
    },
  ],
};
