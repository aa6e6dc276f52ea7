/** The time, as a page watches it: one timer for all who look. */
class Clock {
  now = $state(Date.now());
  private watchers = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** Ticks each second until the returned function is called. */
  watch(): () => void {
    if (this.watchers++ === 0) {
      this.now = Date.now();
      this.timer = setInterval(() => (this.now = Date.now()), 1_000);
    }
    return () => {
      if (--this.watchers === 0) clearInterval(this.timer);
    };
  }
}

export const clock = new Clock();

export interface Span { days: number; hours: number; minutes: number; seconds: number }

export function spanOf(ms: number): Span {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return { days: Math.floor(seconds / 86_400), hours: Math.floor(seconds / 3_600) % 24, minutes: Math.floor(seconds / 60) % 60, seconds: seconds % 60 };
}

/** "1:05:09" or "05:09", in plain digits: the caller gives them the reader's. */
export function stopwatch(ms: number, digits: (value: number, places: number) => string): string {
  const { days, hours, minutes, seconds } = spanOf(ms);
  const all = days * 24 + hours;
  return `${all > 0 ? `${digits(all, 1)}:` : ''}${digits(minutes, all > 0 ? 2 : 1)}:${digits(seconds, 2)}`;
}
