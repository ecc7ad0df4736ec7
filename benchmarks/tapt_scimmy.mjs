// The rival of tapt_rivals.py: scimmy-routers over maps in memory, with an index on userName, as fast as it can be used.
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";

const [folder, port] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/x.js`));
const load = (name) => { const found = require(name); return found.default ?? found; };
const express = load("express");
const SCIMMY = load("scimmy");
const SCIMMYRouters = load("scimmy-routers");

const users = new Map();
const names = new Map();
SCIMMY.Resources.declare(SCIMMY.Resources.User, {
  ingress: (resource, data) => {
    const id = resource.id ?? randomUUID();
    const held = users.get(id);
    const now = new Date().toISOString();
    const user = { ...JSON.parse(JSON.stringify(data)), id, meta: { created: held?.meta.created ?? now, lastModified: now } };
    if (held) names.delete(held.userName.toLowerCase());
    users.set(id, user);
    names.set(user.userName.toLowerCase(), user);
    return user;
  },
  egress: (resource) => {
    if (resource.id) {
      const user = users.get(resource.id);
      if (!user) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
      return user;
    }
    const wanted = resource.filter?.[0]?.userName ?? resource.filter?.[0]?.username;
    if (wanted?.[0] === "eq") { const user = names.get(String(wanted[1]).toLowerCase()); return user ? [user] : []; }
    return resource.filter ? resource.filter.match([...users.values()]) : [...users.values()];
  },
  degress: (resource) => { users.delete(resource.id); },
});
const app = express();
app.use("/scim/v2", new SCIMMYRouters({ type: "bearer", handler: (r) => { if (!r.header("Authorization")) throw new Error("no token"); return "client"; } }));
app.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
