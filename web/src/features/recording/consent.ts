/** Whether this visitor was told, in this tab, that the session is recorded. */
import { mark, marked } from '../stage/tab';

const key = (session: string): string => `recorded:${session}`;

export const agreed = (session: string): boolean => marked(key(session));

export const agree = (session: string): void => mark(key(session));
