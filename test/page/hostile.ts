/** What would run, fetch or mislead if it were more than text. */
export const HOSTILE = [
  '<script>window.hit = 1</script>',
  '<img src="https://evil.example/x.png" onerror="window.hit = 1">',
  '<svg onload="window.hit = 1"><style>*{display:none}</style></svg>',
  '[link](javascript:window.hit=1) ![image](https://evil.example/y.png)',
  'over\u202Eturned zero\u200Bwidth half\uD800pair \u001b[2J',
].join(' ')

/** The beginning of it, as a reader sees it. */
export const HOSTILE_SEEN = /<script>window\.hit = 1<\/script>/
