-- What tasks are found by when somebody searches. The words in braces are those of the first file, and a line that begins with
-- {sqlite} or {postgres} is for that engine alone.

-- Tasks whose texts have changed since they were indexed.
CREATE TABLE search_queue (
  workflow_id {int} NOT NULL,
  task_id {int} NOT NULL
-- On PostgreSQL a task may stand here more than once: a unique key would make who changes it wait for who indexes it.
{sqlite}  , PRIMARY KEY (workflow_id, task_id)
){clustered};
{postgres}CREATE INDEX search_queue_of_workflow ON search_queue (workflow_id, task_id);
INSERT INTO search_queue (workflow_id, task_id) SELECT workflow_id, id FROM tasks;

-- The words of each task, each with its workflow before it. Made by the core, so neither engine's own idea of a word is used; but neither
-- has the other's kind of index. Of the words only which tasks have them is kept. Many small parts are merged in small steps, because
-- nothing else is written meanwhile.
{sqlite}CREATE VIRTUAL TABLE task_search USING fts5(words, content='', contentless_delete=1, detail=none, tokenize='ascii');
{sqlite}INSERT INTO task_search (task_search, rank) VALUES ('automerge', 8), ('pgsz', 1000);
{postgres}CREATE TABLE task_search (task_id BIGINT PRIMARY KEY, words tsvector NOT NULL);
{postgres}CREATE INDEX task_search_words ON task_search USING gin (words);
