// Every call type of @segment/analytics-node, sent to the host given as the first argument.
import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: "key", host: process.argv[2], flushAt: 4 });
analytics.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
analytics.identify({ userId: "alice", traits: { email: "alice@inn.example" } });
analytics.track({ userId: "alice", event: "Order Completed", properties: { total: 19.99, currency: "EUR" } });
analytics.page({ userId: "alice", name: "Home", properties: { url: "https://inn.example/" } });
analytics.screen({ anonymousId: "device-1", name: "Start" });
analytics.group({ userId: "alice", groupId: "acme", traits: { employees: 3 } });
analytics.alias({ userId: "alice", previousId: "device-1" });
await analytics.closeAndFlush();
