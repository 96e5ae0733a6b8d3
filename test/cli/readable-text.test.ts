import { describe, expect, test } from 'vitest'
import { age, bytes, offset } from '../../src/cli/amounts.ts'
import { count, duration, fromNow, money } from '../../src/projections/amount-text.ts'
import { oneLine, printable } from '../../src/projections/printable.ts'
import { createScreen } from '../../src/cli/screen.ts'
import { beginning } from '../../src/text.ts'
import { csvLines } from '../../src/cli/view-rows.ts'
import { fc } from '../support/fast-check.ts'
import { textTable } from '../../src/cli/text-table.ts'

describe('text of models and tools', () => {
  test('cannot steer the terminal', () => {
    expect(printable('a\u001b]0;title\u0007b\u009b2J\u202ec')).toBe('a\\x1b]0;title\\x07b\\x9b2J\\u{202e}c')
    expect(printable('one\r\ntwo\tthree')).toBe('one\ntwo\tthree')
  })

  test('fits in one line, cut between characters', () => {
    expect(oneLine('  a\n b\t\tc ', 20)).toBe('a b c')
    expect(oneLine('12345', 5)).toBe('12345')
    expect(oneLine('🙂🙂🙂🙂', 3)).toBe('🙂🙂…')
  })

  test('is the same line, however little of a long text is looked at', () => {
    const plainly = (text: string, width: number): string => {
      const line = printable(beginning(text, width * 8 + 64))
        .replace(/\s+/g, ' ')
        .trim()
      const characters = Array.from(line)
      return line.length <= width || characters.length <= width ? line : `${characters.slice(0, width - 1).join('')}…`
    }
    const words = fc.constantFrom(
      'a',
      'word ',
      ' ',
      '   ',
      '\t',
      '\n',
      '\r\n',
      '\r',
      '\u00a0',
      '🙂',
      '👩‍🚀',
      '\u202e',
      '\ud83d',
      '\u001b[2J',
      'ä',
      '',
    )
    const texts = fc
      .tuple(words, fc.array(words, { maxLength: 60 }), fc.nat(40))
      .map(([word, rest, times]) => word.repeat(times) + rest.join(''))
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 30 }), (text, width) => {
        expect(oneLine(text, width)).toBe(plainly(text, width))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('amounts', () => {
  test('are short and say their unit', () => {
    expect([money(1_234), money(2_500_000)]).toEqual(['$0.0012', '$2.5000'])
    expect([count(7), count(1_234_567)]).toEqual(['7', '1,234,567'])
    expect([duration(0), duration(999), duration(2_449), duration(200_000), duration(7_500_000)]).toEqual([
      '0 ms',
      '999 ms',
      '2.4 s',
      '3 min 20 s',
      '2 h 5 min',
    ])
    expect([duration(7 * 86_400_000 - 12), offset(1_500), offset(-20), age(59_999)]).toEqual(['7 d', '+1.5 s', '-20 ms', '59 s'])
    expect([bytes(512), bytes(1_610_612_736)]).toEqual(['512 B', '1.5 GiB'])
  })
})

describe('what is due', () => {
  test.each([
    [2_449, 'in 2.4 s'],
    [0, 'now'],
    [-1, 'now'],
    [-90_000, 'now'],
  ])('%i ms from now', (ms, text) => {
    expect(fromNow(ms)).toBe(text)
  })
})

describe('a table', () => {
  const columns = [{ title: 'RUN' }, { title: 'STATE', flexible: true as const }, { title: 'COST', align: 'right' as const }]

  test('aligns its columns', () => {
    const rows = [
      ['a', 'acting', '$1'],
      ['bb', 'x', '$10'],
    ]
    expect(textTable(columns, rows, Infinity)).toEqual(['RUN  STATE   COST', 'a    acting    $1', 'bb   x        $10'])
  })

  test('shortens only the column that may give way', () => {
    const lines = textTable(columns, [['a-long-run-id', 'thinking.callingModel', '$1']], 34)
    expect(lines.map((line) => line.length)).toEqual([33, 33].map(() => 34))
    expect(lines[1]).toBe('a-long-run-id  thinking.cal…    $1')
  })
})

describe('a spreadsheet', () => {
  const columns = [
    { name: 'said', kind: 'text' as const },
    { name: 'amount', kind: 'count' as const },
  ]
  const cells = (said: string, amount: number): string => csvLines(columns, [{ said, amount }])[1]!

  test.each([
    ['=1+1', "'=1+1"],
    ['+SUM(A1)', "'+SUM(A1)"],
    ['-2+3', "'-2+3"],
    ['@now', "'@now"],
    ['\t=1', "'\t=1"],
    ['\r=1', '\\x0d=1'],
    [' =1', "' =1"],
    ['＝1', "'＝1"],
    ["'=1", "''=1"],
    ['=HYPERLINK("http://a","b")', `"'=HYPERLINK(""http://a"",""b"")"`],
    ['-5', '-5'],
    ['+1.25', '+1.25'],
    ['a=b', 'a=b'],
    ['a\u001b[31m', 'a\\x1b[31m'],
  ])('takes %j for text, and numbers for numbers', (said, cell) => {
    expect(cells(said, -7)).toBe(`${cell},-7\r\n`)
  })
})

describe('an answer that is being written', () => {
  const written = (...parts: readonly string[]): string => {
    const texts: string[] = []
    const stream = { isTTY: false, write: (text: string) => texts.push(text) } as unknown as NodeJS.WriteStream
    const screen = createScreen({ stdout: stream, stderr: stream }, false)
    for (const part of parts) screen.words(part)
    return texts.join('')
  }

  test('is whole, wherever it was cut', () => {
    const text = 'a 👩‍👩‍👧 می‌خواهم 🙂'
    expect(written(...text.split(''))).toBe(text)
  })

  test('steers nothing, wherever it was cut', () => {
    expect(written('\u001b', ']0;t', '\u0007', 'a\u200d', 'b\ud800', 'c')).toBe('\\x1b]0;t\\x07a\\u{200d}b\\u{d800}c')
  })
})
