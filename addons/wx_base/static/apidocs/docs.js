// Shows /wx/api/v1/openapi.json. No library, no address but our own.
"use strict";

const WORDS = {
    zh: {
        parameters: "参数",
        body: "请求体",
        answer: "返回",
        errors: "错误码",
        token: "需要登录",
        open: "无需登录",
        required: "必填",
        schemas: "数据结构",
        codes: "全部错误码",
        failed: "接口文档读取失败",
    },
    en: {
        parameters: "Parameters",
        body: "Request body",
        answer: "Response",
        errors: "Error codes",
        token: "Needs a token",
        open: "No token",
        required: "required",
        schemas: "Schemas",
        codes: "All error codes",
        failed: "The API document cannot be read",
    },
};
const T = WORDS[navigator.language.startsWith("zh") ? "zh" : "en"];

function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
        node.setAttribute(name, value);
    }
    for (const child of children.flat()) {
        node.append(child);
    }
    return node;
}

function typeOf(schema) {
    if (!schema) {
        return "";
    }
    if (schema.$ref) {
        const name = schema.$ref.split("/").pop();
        return el("a", {href: `#schema-${name}`}, name);
    }
    const options = schema.anyOf || schema.oneOf;
    if (options) {
        return el(
            "span",
            {},
            options.flatMap((option, index) =>
                index ? [" | ", typeOf(option)] : [typeOf(option)]
            )
        );
    }
    if (schema.type === "array") {
        return el("span", {}, "[ ", typeOf(schema.items), " ]");
    }
    const parts = [schema.const === undefined ? schema.type || "any" : JSON.stringify(schema.const)];
    if (schema.enum) {
        parts.push(schema.enum.map((value) => JSON.stringify(value)).join(" | "));
    }
    if (schema.minimum !== undefined || schema.maximum !== undefined) {
        parts.push(`${schema.minimum ?? "−∞"} … ${schema.maximum ?? "∞"}`);
    }
    if (schema.maxLength !== undefined) {
        parts.push(`≤ ${schema.maxLength}`);
    }
    if (schema.pattern) {
        parts.push(schema.pattern);
    }
    if (schema.format) {
        parts.push(schema.format);
    }
    return parts.join(" · ");
}

function row(name, schema, required, description) {
    return el(
        "tr",
        {},
        el("td", {}, el("code", {}, name), required ? ` (${T.required})` : ""),
        el("td", {}, typeOf(schema)),
        el("td", {}, description || schema.description || "")
    );
}

function table(rows) {
    return el("table", {}, el("tbody", {}, rows));
}

function operationSection(path, verb, operation) {
    const section = el(
        "section",
        {id: operation.operationId},
        el(
            "h3",
            {},
            el("span", {class: `verb ${verb}`}, verb.toUpperCase()),
            " ",
            el("code", {}, path)
        ),
        el("p", {}, [operation.summary, operation.description].filter(Boolean).join(" — ")),
        el("p", {class: "lock"}, operation.security.length ? T.token : T.open)
    );
    if (operation.parameters) {
        section.append(
            el("h4", {}, T.parameters),
            table(
                operation.parameters.map((parameter) =>
                    row(
                        `${parameter.in}: ${parameter.name}`,
                        parameter.schema,
                        parameter.required,
                        parameter.description
                    )
                )
            )
        );
    }
    if (operation.requestBody) {
        const schema = operation.requestBody.content["application/json"].schema;
        section.append(el("h4", {}, T.body), el("p", {}, el("code", {}, typeOf(schema))));
    }
    const errors = [];
    for (const [status, answer] of Object.entries(operation.responses)) {
        if (answer["x-codes"]) {
            for (const code of answer["x-codes"]) {
                errors.push(
                    el(
                        "tr",
                        {},
                        el("td", {}, status),
                        el("td", {}, el("a", {href: `#${code}`}, el("code", {}, code)))
                    )
                );
            }
        } else {
            const content = answer.content && answer.content["application/json"];
            section.append(
                el("h4", {}, `${T.answer} ${status}`),
                el("p", {}, el("code", {}, content ? typeOf(content.schema) : "—"))
            );
        }
    }
    if (errors.length) {
        section.append(el("h4", {}, T.errors), table(errors));
    }
    return section;
}

function schemaSection(name, schema) {
    const required = schema.required || [];
    return el(
        "section",
        {id: `schema-${name}`},
        el("h3", {}, el("code", {}, name)),
        el("p", {}, schema.description || ""),
        table(
            Object.entries(schema.properties || {}).map(([key, property]) =>
                row(key, property, required.includes(key))
            )
        )
    );
}

function show(spec) {
    const main = document.getElementById("main");
    const nav = document.getElementById("nav");
    const base = spec.servers[0].url;
    const byTag = new Map();
    const codes = new Map();
    for (const [path, operations] of Object.entries(spec.paths)) {
        for (const [verb, operation] of Object.entries(operations)) {
            const tag = (operation.tags || ["-"])[0];
            byTag.set(tag, [...(byTag.get(tag) || []), [path, verb, operation]]);
            for (const [status, answer] of Object.entries(operation.responses)) {
                for (const code of answer["x-codes"] || []) {
                    codes.set(code, status);
                }
            }
        }
    }
    main.replaceChildren(
        el("h1", {}, `${spec.info.title} ${spec.info.version}`),
        el("p", {}, spec.info.description)
    );
    nav.replaceChildren(el("strong", {}, spec.info.title));
    for (const tag of [...byTag.keys()].sort()) {
        main.append(el("h2", {}, tag));
        nav.append(el("h2", {}, tag));
        for (const [path, verb, operation] of byTag.get(tag)) {
            main.append(operationSection(base + path, verb, operation));
            nav.append(
                el(
                    "a",
                    {href: `#${operation.operationId}`},
                    el("span", {class: `verb ${verb}`}, verb.toUpperCase()),
                    ` ${path}`
                )
            );
        }
    }
    main.append(el("h2", {}, T.schemas));
    for (const [name, schema] of Object.entries(spec.components.schemas)) {
        main.append(schemaSection(name, schema));
    }
    main.append(
        el("h2", {}, T.codes),
        table(
            [...codes].sort().map(([code, status]) =>
                el("tr", {id: code}, el("td", {}, el("code", {}, code)), el("td", {}, status))
            )
        )
    );
    if (location.hash) {
        const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
        if (target) {
            target.scrollIntoView();
        }
    }
}

fetch("/wx/api/v1/openapi.json")
    .then((answer) => {
        if (!answer.ok) {
            throw new Error(`HTTP ${answer.status}`);
        }
        return answer.json();
    })
    .then(show)
    .catch((error) => {
        document.getElementById("main").textContent = `${T.failed}: ${error.message}`;
    });
