/**
 * What stands beside the stage: tabs and tools, one row each, loaded once the page works. The row is all
 * that a new part writes here; its label is a text of `messages/<language>/panels.json`.
 */
import type { Component } from 'svelte';
import type { Area, WordArguments } from '~/i18n/words.gen';
import type { Here } from './here';
import type { Watcher } from './Watcher.svelte';

type Plain = { [K in keyof WordArguments]: WordArguments[K] extends null ? K : never }[keyof WordArguments];
export type PanelLabel = Extract<Plain, `panels.${string}`>;

/** What a tab's component is given. */
export interface PanelProps {
  here: Here;
  /** Before the visitor's eyes at this moment. */
  shown: boolean;
  /** Something came while the tab was not shown: it counts on the tab until it is opened. */
  onnews: () => void;
}

/** What a tool's component is given. `watcher` is there while somebody watches. */
export interface ToolProps {
  here: Here;
  watcher: Watcher | null;
}

export interface Panel {
  id: string;
  label: PanelLabel;
  words: readonly Area[];
  load: () => Promise<{ default: Component<any> }>;
  /** Who may see it; all when it is not said. Read again whenever something in it changes. */
  may?: (here: Here) => boolean;
  /** The number on the tab; what came unseen (`onnews`) when it is not said. Zero shows nothing. */
  badge?: (here: Here) => number;
  /** Loads with the page and stays, so that it can count news; else it loads when first opened. */
  early?: boolean;
}

export interface Tool {
  id: string;
  /** `bar`: an icon button (class `tool`) in the picture's own bar. `row`: below the picture. `head`: beside the title. */
  place: 'bar' | 'row' | 'head';
  words: readonly Area[];
  load: () => Promise<{ default: Component<any> }>;
  may?: (here: Here) => boolean;
}

export const panels: readonly Panel[] = [
  { id: 'stage', label: 'panels.stage', words: ['direct'], load: () => import('./StageDesk.svelte'), may: ({ mine }) => mine.may('stage.direct'), badge: () => 0 },
  { id: 'questions', label: 'panels.questions', words: ['questions'], load: () => import('../questions/Questions.svelte'), early: true },
  { id: 'polls', label: 'panels.polls', words: ['polls'], load: () => import('../polls/Polls.svelte'), early: true },
  { id: 'work', label: 'panels.work', words: ['work'], load: () => import('../volunteer/WorkPanel.svelte'), early: true },
  { id: 'people', label: 'panels.people', words: [], load: () => import('./People.svelte'), badge: ({ session }) => session.presence?.count ?? 0 },
];

export const tools: readonly Tool[] = [
  { id: 'quality', place: 'bar', words: [], load: () => import('./Quality.svelte') },
  { id: 'invited', place: 'row', words: ['direct'], load: () => import('./Invited.svelte'), may: ({ mine }) => mine.may('stage.publish') && !mine.may('stage.direct') },
  { id: 'audience', place: 'row', words: ['audience'], load: () => import('../audience/AudienceBar.svelte') },
  { id: 'save', place: 'head', words: ['panels'], load: () => import('./Save.svelte'), may: ({ session }) => session.session?.rehearsal_of === null },
  { id: 'recordings', place: 'row', words: ['recording'], load: () => import('../recording/RecordingTools.svelte'), may: ({ mine }) => mine.may('recording.manage') },
];
