import { test } from "node:test";
import { given } from "@atoll/testkit";
import { helpCase } from "./case.ts";

const words = { resource: "Value 2", seriousness: "Value 1", customer: "Value 63", product: "Value 3" };
const assigned = { at: "2010-01-13T08:40:25+00:00", activity: "Assign seriousness", ...words };
const closed = { at: "2010-01-14T08:40:26+00:00", activity: "Closed", ...words };
const closing = { product: "Value 3", opened: assigned.at, closed: closed.at, seconds: 86_401 };

const none = given(helpCase, "Case 1");
const open = none.had("Recorded", assigned);
const over = open.had("Recorded", closed).had("Closed", closing);

test("case: one without activities is unknown", () => {
  none.asked("history").rejects("UnknownCase", { id: "Case 1" });
});

test("case: activities are kept as given, in order, and numbered", () => {
  none.when("record", assigned).emits("Recorded", assigned).replies({ number: 1 });
  open.when("record", assigned).emits("Recorded", assigned).replies({ number: 2 });
  open.asked("history").replies([assigned]);
});

test("case: a closing says how long the case took from its first activity", () => {
  open.when("record", closed).emits("Recorded", closed).emits("Closed", closing).replies({ number: 2 });
  none
    .when("record", closed)
    .emits("Recorded", closed)
    .emits("Closed", { ...closing, opened: closed.at, seconds: 0 })
    .replies({ number: 1 });
});

test("case: whatever is done after a closing opens it again, another closing does not", () => {
  over.when("record", assigned).emits("Recorded", assigned).emits("Reopened", {}).replies({ number: 3 });
  over.when("record", closed).emits("Recorded", closed).emits("Closed", closing).replies({ number: 3 });
});
