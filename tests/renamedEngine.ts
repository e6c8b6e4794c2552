import { type Engine, type EngineFactory, referenceEngine } from "@pclab/core";

/** The reference engine under another id: what a run sees of an engine that this machine cannot start. */
export const renamedEngine = (id: string): EngineFactory => ({
  id,
  create: async (options) => rename(await referenceEngine.create(options), id),
});

/** Its methods are bound to the engine itself, whose private fields a proxy does not have. */
const rename = (engine: Engine, id: string): Engine =>
  new Proxy(engine, {
    get: (target, name) => {
      if (name === "id") return id;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
