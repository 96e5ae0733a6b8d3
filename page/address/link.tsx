import type { AnchorHTMLAttributes, ComponentChildren } from 'preact'
import { go } from './address.ts'

interface LinkProps extends Omit<AnchorHTMLAttributes, 'href'> {
  readonly to: string
  readonly children: ComponentChildren
}

/** A link within the page. With a modifier or another button the browser follows it as any other. */
export const Link = ({ to, children, ...rest }: LinkProps) => (
  <a
    {...rest}
    href={to}
    onClick={(event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      go(to)
    }}
  >
    {children}
  </a>
)
