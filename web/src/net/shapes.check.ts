/**
 * Compiled, never run: our hand-written shapes have exactly the server's fields, with types the server's
 * allow. Ours may be narrower (a role is one of four words, where the schema says text).
 */
import type { components } from './openapi';
import type * as ours from './shapes';

type Server = components['schemas'];
type Same<Theirs, Ours> = [keyof Theirs, Ours] extends [keyof Ours, Theirs] ? ([keyof Ours] extends [keyof Theirs] ? true : false) : false;

export const checks: true[] = [
  yes<Same<Server['Position'], ours.Position>>(),
  yes<Same<Server['PersonView'], ours.Person>>(),
  yes<Same<Server['OwnPerson'], ours.Me['person']>>(),
  yes<Same<Server['ConferenceOfMine'], ours.MyConference>>(),
  yes<Same<Server['TeamOfMine'], ours.MyTeam>>(),
  yes<Same<Server['ConferenceView'], ours.Conference>>(),
  yes<Same<Server['SessionView'], ours.Session>>(),
  yes<Same<Server['TeamLite'], ours.TeamLite>>(),
  yes<Same<Server['PublisherView'], ours.Publisher>>(),
  yes<Same<Server['StageView'], ours.Stage>>(),
  yes<Same<Server['MessageView'], ours.Message>>(),
  yes<Same<Server['QuestionView'], ours.Question>>(),
  yes<Same<Server['TeamView'], ours.Team>>(),
  yes<Same<Server['ColumnView'], ours.Column>>(),
  yes<Same<Server['CardView'], ours.Card>>(),
  yes<Same<Server['BoardView'], ours.Board>>(),
  yes<Same<Server['InvitationView'], ours.Invitation>>(),
  yes<Same<Server['LoginView'], ours.Login>>(),
  yes<Same<Server['Participant'], ours.Member>>(),
];

function yes<Checked extends true>(): Checked {
  return true as Checked;
}
