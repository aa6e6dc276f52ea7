/**
 * One window of a browser sends to a stage at a time. All share one login, by which the server knows a source that
 * comes back: two windows would take each other's place for ever. The latest one has it; the other is told.
 */
export type Claim = (name: string, onTaken: () => void) => () => void;

/** Takes what `name` stands for from whichever window has it. Gives a function that lets it go. */
export const claim: Claim = (name, onTaken) => {
  let held = true;
  let letGo = (): void => {};
  // A browser without locks goes without: its windows take turns as they drop.
  navigator.locks?.request(name, { steal: true }, () => (held ? new Promise<void>((done) => (letGo = done)) : undefined)).catch((error: unknown) => {
    if (held && error instanceof DOMException && error.name === 'AbortError') onTaken();
    held = false;
  });
  return () => {
    held = false;
    letGo();
  };
};
