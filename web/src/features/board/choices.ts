/** What the menus of a card and of a column offer: there with what makes the drawn board answer. */
import { t } from '~/i18n/t.svelte';
import type { Choice } from '~/ui/Menu.svelte';
import Archive from '@lucide/svelte/icons/archive';
import ArrowDown from '@lucide/svelte/icons/arrow-down';
import ArrowLeftRight from '@lucide/svelte/icons/arrow-left-right';
import ArrowUp from '@lucide/svelte/icons/arrow-up';
import ChevronsUpDown from '@lucide/svelte/icons/chevrons-up-down';
import Pencil from '@lucide/svelte/icons/pencil';
import Plus from '@lucide/svelte/icons/plus';
import SlidersHorizontal from '@lucide/svelte/icons/sliders-horizontal';
import Tag from '@lucide/svelte/icons/tag';
import UserPlus from '@lucide/svelte/icons/user-plus';
import type { BoardKit } from './BoardKit.svelte';
import { archiveColumn, stepColumn } from './columns';
import { archive } from './own';
import type { Card, Column } from './shapes';
import { step } from './steps';

export function cardChoices(kit: BoardKit, card: Card, first: boolean, last: boolean): Choice[] {
  return [
    { label: t('board.move.to_other'), icon: ArrowLeftRight, pick: () => (kit.panel = { kind: 'move', card: card.id }) },
    { label: t('board.move.up'), icon: ArrowUp, disabled: first, pick: () => step(kit, card.id, -1) },
    { label: t('board.move.down'), icon: ArrowDown, disabled: last, pick: () => step(kit, card.id, 1) },
    { label: t('board.card.rename'), icon: Pencil, pick: () => (kit.naming = card.id) },
    { label: t('board.card.people'), icon: UserPlus, pick: () => (kit.panel = { kind: 'people', card: card.id }) },
    { label: t('board.card.labels'), icon: Tag, pick: () => (kit.panel = { kind: 'marks', card: card.id }) },
    { label: t('board.card.archive'), icon: Archive, pick: () => archive(kit, card) },
  ];
}

/** `at`: its place among `of` columns. */
export function columnChoices(kit: BoardKit, column: Column, at: number, of: number, folded: boolean, fold: () => void): Choice[] {
  return [
    { label: t('board.add'), icon: Plus, pick: () => (kit.adding = column.id) },
    { label: t('board.column.edit'), icon: SlidersHorizontal, pick: () => (kit.panel = { kind: 'column', column: column.id }) },
    { label: folded ? t('board.column.unfold') : t('board.column.fold'), icon: ChevronsUpDown, pick: fold },
    { label: t('board.column.earlier'), icon: ArrowLeftRight, disabled: at === 0, pick: () => stepColumn(kit, column, -1) },
    { label: t('board.column.later'), icon: ArrowLeftRight, disabled: at === of - 1, pick: () => stepColumn(kit, column, 1) },
    { label: t('board.column.archive'), icon: Archive, disabled: !kit.leads, pick: () => archiveColumn(kit, column) },
  ];
}
