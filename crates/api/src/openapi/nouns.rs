//! What the endpoints are about, in the order in which they are read.

pub struct Noun {
    pub name: &'static str,
    /// The page of the reference.
    pub page: &'static str,
    pub text: &'static str,
}

pub const NOUNS: &[&Noun] = &[
    &TASKS,
    &ACTIONS,
    &EXECUTIONS,
    &IMPORTS,
    &CHECKLIST_ITEMS,
    &COMMENTS,
    &WORKFLOWS,
    &DEFINITIONS,
    &USERS,
    &SECRETS,
    &WORKSPACE,
    &SERVER,
];

pub const TASKS: Noun = Noun {
    name: "Tasks",
    page: "tasks",
    text: "The records of a workflow. A task is in one stage, is assigned to one user or nobody, and has a value for each field. \
           [Values](/api/docs/guide#values) says how each type of field is written.",
};

pub const ACTIONS: Noun = Noun {
    name: "Actions",
    page: "actions",
    text: "What can be done to a task in its stage. An [execution](/api/docs/executions) takes one.",
};

pub const EXECUTIONS: Noun = Noun {
    name: "Executions",
    page: "executions",
    text: "Actions taken. An execution that was answered is never lost: its steps run in order, beside the request, and nothing after a \
           failed step runs. Executions of one task run one at a time, in the order accepted.",
};

pub const IMPORTS: Noun = Noun {
    name: "Imports",
    page: "imports",
    text: "Tasks that come in a CSV, many at once. An import is carried out in the background, a thousand rows together or not at all, and \
           what was refused is a CSV to mend.",
};

pub const CHECKLIST_ITEMS: Noun = Noun {
    name: "Checklist items",
    page: "checklist-items",
    text: "Every task has the items of its workflow's template, of every stage, and items of its own. Of a template's item only status and \
           assignee change; its `editable` is false.",
};

pub const COMMENTS: Noun = Noun { name: "Comments", page: "comments", text: "What people and programs say about a task." };

pub const WORKFLOWS: Noun = Noun {
    name: "Workflows",
    page: "workflows",
    text: "Fields, stages, actions and roles under one name. A workflow is made from a [definition](/api/docs/definitions).",
};

pub const DEFINITIONS: Noun = Noun {
    name: "Definitions",
    page: "definitions",
    text: "A workflow as one document, in JSON or YAML. Each time it is saved it gets a new revision; what runs goes on with the revision \
           that it began with.",
};

pub const USERS: Noun = Noun { name: "Users", page: "users", text: "The collaborators of a workflow, each with a role in it." };

pub const SECRETS: Noun = Noun {
    name: "Secrets",
    page: "secrets",
    text: "What calls are made with. A step names a secret of the workspace as `secret:NAME`; nothing ever shows its value again.",
};

pub const WORKSPACE: Noun = Noun { name: "Workspace", page: "workspace", text: "Whose key it is." };

pub const SERVER: Noun =
    Noun { name: "Server", page: "server", text: "How the server is, and what can be asked of it. No key is asked for." };
