import { test } from "node:test";
import { given } from "@atoll/testkit";
import { caseList } from "./case-list.ts";
import { helpCase } from "./case.ts";

const words = { resource: "Value 2", seriousness: "Value 1", customer: "Value 63", product: "Value 3" };
const assigned = { at: "2010-01-13T08:40:25+00:00", activity: "Assign seriousness", ...words };
const closed = { at: "2010-01-14T08:40:26+00:00", activity: "Closed", ...words, resource: "Value 5" };
const closing = { product: "Value 3", opened: assigned.at, closed: closed.at, seconds: 86_401 };
const row = { id: "Case 1", ...words, open: true, activities: 1, reopened: 0, opened: assigned.at, last: assigned.at };

const open = given(caseList).had(helpCase, "Case 1", "Recorded", assigned);
const over = open.had(helpCase, "Case 1", "Recorded", closed).had(helpCase, "Case 1", "Closed", closing);
const all = { after: "", size: 10 };

test("case list: a case has a row with its first and its newest activity", async () => {
  await open.asked("page", all).replies([row]);
  await over.asked("page", all).replies([{ ...row, open: false, activities: 2, last: closed.at, resource: "Value 5" }]);
  await over
    .had(helpCase, "Case 1", "Reopened", {})
    .asked("page", { ...all, open: false })
    .replies([]);
});

test("case list: a page goes on behind the case that it is told, among the open or the closed ones", async () => {
  const two = over.had(helpCase, "Case 2", "Recorded", assigned);
  await two.asked("page", { ...all, open: true }).replies([{ ...row, id: "Case 2" }]);
  await two.asked("page", { after: "Case 1", size: 10 }).replies([{ ...row, id: "Case 2" }]);
  await two.asked("page", { after: "Case 2", size: 10 }).replies([]);
});
