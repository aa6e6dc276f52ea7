/** Where the people of a team are, as far as they told it: asked once a team, when a due moment is looked at. */
import { api } from '~/net/api';
import type { Mates } from '~/net/shapes';

const asked = new Map<string, Promise<ReadonlyMap<string, string>>>();

/** The zone of each who told one, by person. */
export function zonesOf(team: string): Promise<ReadonlyMap<string, string>> {
  let found = asked.get(team);
  if (!found) {
    found = api.get<Mates>(`/api/teams/${team}/people`).then(({ mates }) => new Map(mates.flatMap(({ person, zone }) => (zone ? [[person.id, zone] as const] : []))));
    asked.set(team, found);
    found.catch(() => asked.delete(team));
  }
  return found;
}
