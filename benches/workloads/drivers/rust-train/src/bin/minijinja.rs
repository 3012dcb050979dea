//! minijinja: fills a page with argument 1 rows, argument 2 times.

use minijinja::{Environment, context};
use programs::{checksum, number};

const PAGE: &str = r#"<h1>{{ title|upper }}</h1>
{% macro cell(value, kind="plain") %}<td class="{{ kind }}">{{ value }}</td>{% endmacro %}
<table>{% for row in rows if row.id % 3 != 1 %}
<tr>{{ cell(row.id, "id") }}{{ cell(row.name|title) }}{{ cell(row.price * 2 + loop.index) }}
{%- if row.tags %}{% for tag in row.tags|sort %}<b>{{ tag|e }}</b>{% if not loop.last %}, {% endif %}{% endfor %}{% else %}none{% endif %}</tr>
{%- endfor %}</table>
{{ rows|length }} rows, {{ rows|map(attribute="price")|sum }} in all
"#;

fn main() {
    let mut environment = Environment::new();
    environment.add_template("page.html", PAGE).expect("it is valid");
    let rows: Vec<_> = (0..number(1))
        .map(|id| context!(id => id, name => format!("item {} & more", id * 7919 % 1000), price => id % 50, tags => ["<new>", "old", "b"].into_iter().take(id % 4).collect::<Vec<_>>()))
        .collect();
    let page = environment.get_template("page.html").expect("it is there");
    let mut sum = 0;
    for round in 0..number(2) {
        let text = page.render(context!(title => format!("page {round}"), rows => rows)).expect("it can be filled");
        sum ^= checksum(text.as_bytes());
    }
    println!("{sum:016x}");
}
