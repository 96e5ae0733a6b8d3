import { address, setQuery } from '../address/address.ts'

/** So that the innermost active state is seen. */
export const centre = (box: HTMLElement | null): void => {
  const state = [...(box?.querySelectorAll('.active') ?? [])].at(-1)
  if (box === null || state === undefined) return
  const [around, inner] = [box.getBoundingClientRect(), state.getBoundingClientRect()]
  box.scrollLeft += inner.left + inner.width / 2 - around.left - around.width / 2
  box.scrollTop += inner.top + inner.height / 2 - around.top - around.height / 2
}

/** What was moved away is centred again; what is centred already is shown whole, and back. */
export const centreOrFit = (): void => {
  const box = document.querySelector<HTMLElement>('.pane-chart .drawing')
  if (box === null) return
  if (address.getSnapshot().context.query['zoom'] === 'fit') {
    setQuery({ zoom: undefined }, 'slide')
    return
  }
  const before = [box.scrollLeft, box.scrollTop].join()
  centre(box)
  if ([box.scrollLeft, box.scrollTop].join() === before) setQuery({ zoom: 'fit' }, 'slide')
}
