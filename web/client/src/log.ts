/** The events of one conversation, ordered by `seq`, each once. */
export class EventLog<E extends { seq: number }> {
  private all: E[] = [];

  get last(): number {
    return this.all[this.all.length - 1]?.seq ?? 0;
  }

  get events(): readonly E[] {
    return this.all;
  }

  /** Adds the next event. A repeated one, or one after a gap, is not added. */
  accept(event: E): 'new' | 'repeated' | 'gap' {
    if (event.seq <= this.last) return 'repeated';
    if (event.seq !== this.last + 1) return 'gap';
    this.all = [...this.all, event];
    return 'new';
  }

  /** Adds the new events of a page. Returns whether there were any. */
  acceptPage(events: readonly E[]): boolean {
    const before = this.last;
    const fresh = events.filter((event) => event.seq > before);
    const next: E[] = [];
    for (const event of fresh) {
      if (event.seq === before + next.length + 1) next.push(event);
    }
    if (next.length > 0) this.all = [...this.all, ...next];
    return next.length > 0;
  }

  clear(): void {
    this.all = [];
  }
}
