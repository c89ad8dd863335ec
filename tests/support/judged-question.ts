// A question whose answer is judged by a rubric, as the source `questions` reads it.
export const QUESTION_CRITERIA = [{ name: 'answers', asks: 'Does it answer the question?', weight: 1 }];

export const questionOn = (topic: string) => ({
  ...{ id: topic, origin: 'written for this test', licence: 'CC0-1.0', category: 'why' },
  question: `Why were the ${topic} of the old town given up, in your own words?`,
  documents: { 'history.md': `The ${topic} were costly.\nNobody mended the ${topic} any more.\nThe town grew.\n` },
  required: [{ source: 'history.md', text: `Nobody mended the ${topic}` }],
  criteria: QUESTION_CRITERIA,
  gold: {
    answer: `Because nobody was left who could mend the ${topic}, whose upkeep had been dear.`,
    quotes: [{ source: 'history.md', text: `Nobody mended the ${topic} any more.` }],
  },
});
