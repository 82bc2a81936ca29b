/** The events that users of the service can ask for: 23 types in 8 groups. */
import { defineEvents, type InferEvents } from 'posthorn';
import { z } from 'zod';

/** What is not named in a schema is sent as it is. */
const anything = z.looseObject({});

/** Unknown types and data of another shape are refused, by `triggerEvent` and in the `events` of a webhook. */
export const catalog = defineEvents({
  'project.created': {
    schema: z.looseObject({ id: z.string(), name: z.string() }),
    description: 'A project is new.',
  },
  'project.updated': { schema: anything, description: 'A project was changed.' },
  'project.deleted': { schema: anything, description: 'A project was removed.' },

  'session.started': { schema: anything, description: 'A session has begun.' },
  'session.ended': { schema: anything, description: 'A session is over.' },
  'session.message': { schema: anything, description: 'Somebody wrote in a session.' },
  'session.paused': { schema: anything, description: 'A session was interrupted.' },
  'session.resumed': { schema: anything, description: 'A session goes on.' },

  'recording.completed': { schema: anything, description: 'A recording can be watched.' },
  'recording.failed': { schema: anything, description: 'A recording came to nothing.' },

  'agent.connected': { schema: anything, description: 'An agent is there.' },
  'agent.disconnected': { schema: anything, description: 'An agent is gone.' },
  'agent.status_changed': { schema: anything, description: 'An agent does something else.' },

  'subscription.created': { schema: anything, description: 'A subscription is new.' },
  'subscription.updated': { schema: anything, description: 'A subscription was changed.' },
  'subscription.cancelled': { schema: anything, description: 'A subscription ends.' },

  'payment.succeeded': { schema: anything, description: 'A payment went through.' },
  'payment.failed': { schema: anything, description: 'A payment was turned down.' },

  'storage.quota_warning': { schema: anything, description: 'The storage is nearly full.' },
  'storage.quota_exceeded': { schema: anything, description: 'The storage is full.' },

  'user.created': { schema: anything, description: 'A user is new.' },
  'user.updated': { schema: anything, description: 'A user changed the profile.' },
  'user.deleted': { schema: anything, description: 'A user was removed.' },
});

export type Events = InferEvents<typeof catalog>;
export type EventType = keyof Events;

/** `agent.status_changed` is `AGENT_STATUS_CHANGED`. */
type ConstantOf<Type extends EventType> = Type extends `${infer Group}.${infer What}`
  ? `${Uppercase<Group>}_${Uppercase<What>}`
  : never;

/** The names that the code of the service has for them: `WEBHOOK_EVENTS.PROJECT_CREATED`. */
export const WEBHOOK_EVENTS = Object.fromEntries(
  Object.keys(catalog.definitions).map((type) => [type.toUpperCase().replace('.', '_'), type]),
) as { readonly [Type in EventType as ConstantOf<Type>]: Type };
