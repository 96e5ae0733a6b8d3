import { Component, type ComponentChildren } from 'preact'
import { ProblemCard } from '../parts/problem-card.tsx'

interface GuardedState {
  readonly error: Error | undefined
}

/** Where a part of the page fails, that part alone says so. */
export class Guarded extends Component<{ readonly children: ComponentChildren }, GuardedState> {
  override state: GuardedState = { error: undefined }

  override componentDidCatch(error: unknown): void {
    this.setState({ error: error instanceof Error ? error : new Error(String(error)) })
  }

  override render() {
    const { error } = this.state
    if (error === undefined) return <>{this.props.children}</>
    return (
      <ProblemCard
        error={error}
        retry={() => {
          this.setState({ error: undefined })
        }}
      />
    )
  }
}
