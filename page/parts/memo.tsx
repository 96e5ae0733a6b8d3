import { Component, type ComponentType } from 'preact'

/** A part that is drawn anew only where one of its properties is another one. */
export const memo = <Props extends object>(Part: ComponentType<Props>): ComponentType<Props> =>
  class extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      return isOther(this.props, next)
    }

    override render() {
      return <Part {...this.props} />
    }
  }

const isOther = (one: object, other: object): boolean => {
  const [members, others] = [Object.entries(one), Object.entries(other)]
  return members.length !== others.length || members.some(([name, value]) => !Object.is(value, other[name as keyof typeof other]))
}
