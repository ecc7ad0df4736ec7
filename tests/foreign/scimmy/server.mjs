// A SCIM server for the tests: scimmy-routers over two maps. Prints its port on standard output.
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const stores = { User: new Map(), Group: new Map() };
const NAMES = { User: "userName", Group: "displayName" };

function declare(kind, resourceType) {
    const store = stores[kind];
    const key = NAMES[kind];
    return SCIMMY.Resources.declare(resourceType)
        .ingress((resource, data) => {
            const id = resource.id ?? randomUUID();
            if (resource.id && !store.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
            const wanted = String(data[key] ?? "").toLowerCase();
            for (const other of store.values()) {
                if (other.id !== id && String(other[key]).toLowerCase() === wanted) {
                    throw new SCIMMY.Types.Error(409, "uniqueness", `${key} is taken`);
                }
            }
            const kept = { ...JSON.parse(JSON.stringify(data)), id, meta: { created: new Date(), lastModified: new Date() } };
            store.set(id, kept);
            return kept;
        })
        .egress((resource) => {
            if (resource.id) {
                if (!store.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
                return store.get(resource.id);
            }
            const all = [...store.values()];
            return resource.filter ? resource.filter.match(all) : all;
        })
        .degress((resource) => {
            if (!store.delete(resource.id)) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
        });
}

declare("User", SCIMMY.Resources.User).extend(SCIMMY.Schemas.EnterpriseUser);
declare("Group", SCIMMY.Resources.Group);

const app = express();
app.use("/scim", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${process.env.SCIM_TOKEN}`) throw new Error("Wrong token");
        return "";
    },
}));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
