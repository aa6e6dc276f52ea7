/**
 * Whether the visitor already said that they want in: they came here by a press inside the app (which also
 * lets the browser play sound), or entered this session before in this tab.
 */
export function joinedBefore(session: string): boolean {
  try {
    if (sessionStorage.getItem(`joined:${session}`)) return true;
  } catch {
    // Without storage only the press counts.
  }
  const touched = navigator.userActivation?.hasBeenActive === true;
  if (touched) rememberJoined(session);
  return touched;
}

export function rememberJoined(session: string): void {
  try {
    sessionStorage.setItem(`joined:${session}`, 'yes');
  } catch {
    // A reload will ask again.
  }
}
