/** Events of one conversation in the order of their numbers, each once. */
export class EventLog<E extends { seq: number }> {
  private all: E[] = [];

  get last(): number {
    return this.all[this.all.length - 1]?.seq ?? 0;
  }

  get events(): readonly E[] {
    return this.all;
  }

  /** Takes the next event; drops a repeated one; refuses one that comes too early. */
  accept(event: E): 'new' | 'repeated' | 'gap' {
    if (event.seq <= this.last) return 'repeated';
    if (event.seq !== this.last + 1) return 'gap';
    this.all = [...this.all, event];
    return 'new';
  }

  /** Takes what is new of a page read from the server. Returns whether anything was. */
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
