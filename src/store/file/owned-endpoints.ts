import type { EndpointStore, SettingsStore } from '../store.ts';
import { getEndpoint, getLane, putEndpoint, removeEndpoint } from '../tables/endpoints.ts';
import { laneIdOf } from '../../core/endpoint.ts';
import type { EndpointsFile } from './endpoints-file/endpoints-file.ts';
import type { FolderState } from './folder-state.ts';

/** The setting that people find in the file of endpoints. */
const SWITCH_KEY = 'switch';

/** Endpoints as their file has them, with the lanes of the journal. Tables hear of each change before its call is answered. */
export function ownedEndpoints(state: FolderState, file: EndpointsFile): EndpointStore {
  return {
    put: async (params) => {
      if (params.record.hidden === true) return state.run((tables) => putEndpoint(tables, params));
      // Nothing is changed in the file by somebody who has the folder no longer.
      await state.ready();
      const result = await file.put(params);
      return state.run(() => result);
    },
    get: ({ id }) => state.run((tables) => getEndpoint(tables, id)),
    list: (params) =>
      state.run((tables) => {
        const { items, nextCursor } = file.list(params);
        const withLane = items.map((record) => ({ record, lane: getLane(tables, laneIdOf(record)) }));
        return { items: withLane, nextCursor };
      }),
    remove: async ({ id }) => {
      const { rows } = await state.ready();
      if (rows.tables.endpoints.get(id)?.record.hidden === true)
        return state.run((tables) => removeEndpoint(tables, id));
      const isRemoved = await file.remove(id);
      return state.run(() => isRemoved);
    },
  };
}

/** The switch stands in the file of endpoints, all else in the journal. */
export function ownedSettings(state: FolderState, file: EndpointsFile): SettingsStore {
  return {
    get: ({ key }) =>
      state.run((tables) => (key === SWITCH_KEY ? file.getSwitch() : tables.settings.get(key))),
    put: async ({ key, value }) => {
      if (key !== SWITCH_KEY) return state.run((tables) => tables.putSetting(key, value));
      await state.ready();
      await file.putSwitch(value);
    },
  };
}
