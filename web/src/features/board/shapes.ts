/** Rows of the board's wire, as the server declares them. */
import type { components } from '~/net/openapi';

type Server = components['schemas'];

export type Due = { day?: string | null; at?: string | null };
export type Label = Server['LabelView'];
export type Column = Server['ColumnView'];
export type WorkState = Server['CardView']['state'];
/** The face of a card: all that the board draws. `Due` is named apart because the server fills in what is left out. */
export type Card = Omit<Server['CardView'], 'due'> & { due: Due | null };
export type BoardRef = Server['BoardRef'];
export type Board = Omit<Server['BoardView'], 'cards'> & { cards: Card[] };
export type BoardMine = Omit<Server['BoardMine'], 'position'>;
export type Item = Server['ItemView'];
export type Comment = Server['CommentView'];
export type CardFile = Server['AttachmentView'];
export type Claim = Server['ClaimView'];
export type Review = Server['ReviewView'];
export interface CardRows { card: Card; description: string; items: Item[]; comments: Comment[]; attachments: CardFile[]; claims: Claim[]; reviews: Review[] }
export type HistoryEntry = Server['ChangeView'];

/** The fields of a card that are edited with the version they were written over. */
export type Editable = Pick<Card, 'title' | 'start_day' | 'due' | 'size_minutes' | 'skill' | 'language' | 'seats' | 'cover'> & { description: string };
