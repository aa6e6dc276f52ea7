/** The rows and frames of the wire, as the server promises them. */

export interface Position { offset: number; id: string | null }
export type Snapshot<Rows> = { position: Position } & Rows;

export type Locale = 'ar' | 'en';
export type Role = 'organiser' | 'moderator' | 'speaker' | 'attendee';
export type TeamRole = 'lead' | 'member';
export type SessionState = 'scheduled' | 'backstage' | 'live' | 'ended';

export interface Person { id: string; name: string }
export interface MyConference { id: string; title: string; role: Role }
export interface MyTeam { id: string; title: string; role: TeamRole; conference_id: string; board_id: string | null }
export interface Me {
  person: Person & { email: string | null; locale: Locale; zone: string | null; guest: boolean; may_create: boolean };
  conferences: MyConference[];
  teams: MyTeam[];
  demo: boolean;
}
export interface Conference {
  id: string; title: string; description: string; locale: Locale; zone: string;
  starts_on: string | null; ends_on: string | null; version: number;
}
export interface Session {
  id: string; conference_id: string; title: string; description: string; hall: string; language: string;
  starts_at: string; ends_at: string; state: SessionState; speakers: Person[]; version: number;
}
export interface TeamLite { id: string; title: string; board_id: string | null; member: boolean }
export interface Publisher {
  id: string; person: Person | null; label: string; audio: boolean; video: boolean;
  on_air: boolean; slot: number | null; codec: string | null;
}
export interface Stage { session_id: string; live: boolean; publishers: Publisher[]; viewers: number; revision: number }
export interface Message {
  id: string; session_id: string; author: Person; text: string; at: string;
  edited_at: string | null; deleted: null | 'author' | 'moderator'; version: number;
}
export interface Question {
  id: string; session_id: string; asker: Person | null; text: string; at: string;
  state: 'waiting' | 'approved' | 'answered' | 'dismissed'; votes: number; version: number;
}
export interface Team {
  id: string; conference_id: string; title: string; board_id: string | null;
  members: { person: Person; role: TeamRole }[]; version: number;
}
export interface Column { id: string; title: string; rank: string }
export interface Card { id: string; board_id: string; column_id: string; rank: string; title: string; version: number }
export interface Board { id: string; team_id: string; title: string; columns: Column[]; cards: Card[]; version: number }
export interface Invitation {
  id: string; conference_id: string; role: Role; session_id: string | null; team_id: string | null;
  uses: number; uses_left: number | null; expires_at: string; revoked_at: string | null; created_at: string;
}
export interface Login { id: string; device: string; created_at: string; seen_at: string; current: boolean }
export interface Member { person: Person; role: Role; guest: boolean; joined_at: string }

/** A stored fact, in the past tense. `data` is by `name`; see /api/events.json. */
export interface Publication {
  type: 'publication'; channel: string; offset: number; id: string; name: string; at: string; data: Record<string, unknown>;
}
/** Something passing and never stored: typing, presence. */
export interface Signal { type: 'signal'; channel: string; name: string; data: Record<string, unknown> }
