/** Steps that several tours take. */

export const openFirst = {
    content: "Open the first one",
    trigger: ".o_list_view .o_data_row .o_data_cell[name=name]",
    run: "click",
};
export const state = (value) => ({
    content: `It is ${value} now`,
    trigger: `.o_arrow_button_current[data-value=${value}]`,
});
export const press = (name) => ({
    content: `Press ${name}`,
    trigger: `.o_form_statusbar button[name=${name}]`,
    run: "click",
});
