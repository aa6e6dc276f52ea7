/** The rows and frames of the wire, as the server declares them (`openapi.d.ts` is made from its schema). */
import type { components } from './openapi';

type Server = components['schemas'];

export type Position = Server['Position'];
export type Snapshot<Rows> = { position: Position } & Rows;

export type Locale = 'ar' | 'en';
export type Role = Server['ConferenceOfMine']['role'];
export type TeamRole = Server['TeamOfMine']['role'];
export type SessionState = Server['SessionView']['state'];

export type Person = Server['PersonView'];
export type MyConference = Server['ConferenceOfMine'];
export type MyTeam = Server['TeamOfMine'];
export type Me = Server['Me'];
export type Conference = Server['ConferenceView'];
export type Session = Server['SessionView'];
export type Hall = Server['HallView'];
export type Track = Server['TrackView'];
export type Speaker = Server['SpeakerView'];
export type Recording = Server['RecordingView'];
export type RecordingFile = Server['RecordingFile'];
export type TeamLite = Server['TeamLite'];
export type Publisher = Server['PublisherView'];
export type Stage = Server['StageView'];
export type Health = Server['StageHealth'];
export type Source = Server['SourceHealth'];
export type Desk = Server['DeskView'];
export type Standing = Server['StandingView'];
export type Film = Server['FilmView'];
export type Message = Server['MessageView'];
export type ChatRules = Server['ChatRulesView'];
export type ChatMine = Server['ChatMine'];
export type Conversation = Server['ConversationView'];
export type PersonCard = Server['PersonCard'];
export type Held = Server['HeldView'];
export type Report = Server['ReportItem'];
export type Moderation = Server['ModerationSnapshot'];
export type Silence = Server['SilenceView'];
export type Ban = Server['BanView'];
export type Deed = Server['Deed'];
export type PersonRecord = Server['PersonRecord'];
export type MessageContext = Server['MessageContext'];
export type AuditEntry = Server['AuditEntry'];
export type Rules = Server['RulesView'];
export type Question = Server['QuestionView'];
export type Poll = Server['PollView'];
export type PollSum = Server['SumView'];
export type PollAnswer = Server['PollAnswerView'];
export type Interaction = Server['InteractionView'];
export type Hand = Server['HandView'];
export type Line = Server['LineView'];
export type Team = Server['TeamView'];
export type TeamDoor = Server['TeamDoor'];
export type TeamNews = Server['TeamNews'];
export type Mates = Server['Mates'];
export type Wish = Server['WishView'];
export type VolunteerProfile = Server['ProfileView'];
export type Task = Server['Task'];
export type Work = Server['WorkView'];
export type Column = Server['ColumnView'];
export type Card = Server['CardView'];
export type Board = Server['BoardView'];
export type Invitation = Server['InvitationView'];
export type Login = Server['LoginView'];
export type Member = Server['Participant'];
export type PublicForm = Server['PublicForm'];
export type FormQuestion = Server['FormQuestion'];
export type RegistrationForm = Server['FormView'];
export type OwnRegistration = Server['OwnRegistration'];
export type RegistrationState = OwnRegistration['state'];
export type Answers = OwnRegistration['answers'];
export type Registered = Server['Registered'];
export type PersonalLink = Server['PersonalLink'];
export type Pass = Server['Pass'];
export type RegistrationRow = Server['RegistrationRow'];
export type Registrations = Server['Registrations'];
export type Announcement = Server['AnnouncementView'];
export type AnnouncementReaders = Server['AnnouncementReaders'];
export type Notice = Server['NotificationView'];
export type MailHabits = Server['MailHabits'];
export type ConferenceSettings = Server['SettingsView'];

/** A stored fact, in the past tense. `data` is by `name`; see /api/events.json. */
export interface Publication {
  type: 'publication';
  channel: string;
  offset: number;
  id: string;
  name: string;
  at: string;
  data: Record<string, unknown>;
}

/** Something passing and never stored: typing, presence. */
export interface Signal {
  type: 'signal';
  channel: string;
  name: string;
  data: Record<string, unknown>;
}
