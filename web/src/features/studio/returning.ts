/** Whether this window was sending to a stage when its page went: reloaded, or put aside by a phone. */
import { mark, marked } from '../stage/tab';

const key = (session: string): string => `sending:${session}`;

export const wasSending = (session: string): boolean => marked(key(session));

export const noteSending = (session: string, sending: boolean): void => mark(key(session), sending);
