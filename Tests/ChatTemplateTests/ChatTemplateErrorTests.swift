// What is refused, and how: by name and place, before anything is rendered; and the limits.

import ChatTemplate
import Failures
import JSON
import Testing

@Suite("chat templates refused")
struct ChatTemplateErrorTests {
    static let unknown: [(source: String, words: String)] = [
        ("a\n {{ x|foo }}", "line 2, column 7: the filter `foo`"),
        ("{{ x|groupby('a') }}", "line 1, column 6: the filter `groupby`"),
        ("{{ xs|map('foo')|list }}", "line 1, column 11: the filter `foo`"),
        ("{{ xs|selectattr('a', 'foo') }}", "line 1, column 23: the test `foo`"),
        ("{{ xs|select('foo') }}", "line 1, column 14: the test `foo`"),
        ("{{ x is foo }}", "line 1, column 9: the test `foo`"),
        ("{{ x is sameas none }}", "line 1, column 9: the test `sameas`"),
        ("é{{ x.foo() }}", "line 1, column 8: the method `foo`"),
        ("{{ xs.append(1) }}", "line 1, column 7: the method `append`"),
        ("{{ 'a'.format(1) }}", "line 1, column 8: the method `format`"),
        ("{{ foo(1) }}", "line 1, column 4: the function `foo`"),
        ("{{ dict(a=1) }}", "line 1, column 4: the name `dict`"),
        ("{{ cycler }}", "line 1, column 4: the name `cycler`"),
        ("{% foo %}", "line 1, column 4: tag `foo`"),
        ("{% include 'x' %}", "line 1, column 4: tag `include`"),
        ("{% raw %}{{ }}{% endraw %}", "line 1, column 4: tag `raw`"),
        ("{% call m() %}{% endcall %}", "line 1, column 4: tag `call`"),
        ("{% filter upper %}{% endfilter %}", "line 1, column 4: tag `filter`"),
        ("{% with x = 1 %}{% endwith %}", "line 1, column 4: tag `with`"),
        ("{% do x %}", "line 1, column 4: tag `do`"),
        ("{% for x in xs recursive %}{% endfor %}", "line 1, column 16: the word `recursive`"),
        ("{{ f(*xs) }}", "line 1, column 6: in a call, the sign `*`"),
        ("{{ f(**xs) }}", "line 1, column 6: in a call, the sign `**`"),
        ("{{ x.__class__ }}", "line 1, column 6: the attribute `__class__`"),
        ("{{ '\\N{DASH}' }}", "line 1, column 4: the escape `\\N`"),
        ("{{ (x|safe) + 'a' }}", "the filter `safe`"),
        ("{% set x = y|e %}", "the filter `e`"),
        ("{% macro m() %}{{ caller() }}{% endmacro %}", "line 1, column 19: the name `caller`"),
    ]

    @Test("what is not known is named with its place when the template is read", arguments: unknown)
    func named(source: String, words: String) {
        let error = #expect(throws: ChatTemplateError.self) { try ChatTemplate(source: source) }
        guard case .unknown? = error else {
            Issue.record("\(source): \(String(describing: error))")
            return
        }
        #expect(
            error?.description.contains(words + " is not known here") == true,
            "\(String(describing: error))")
        #expect(error?.failureClass == .user)
    }

    @Test(
        "what only values show to be unknown is refused when it is met",
        arguments: [
            "{{ {'copy': 1}.copy }}", "{{ {}['pop'] }}", "{{ 'a'.format }}", "{{ [].count }}",
            "{{ 'a %s' % 1 }}", "{{ {}['__class__'] }}", "{{ range(3)[1:] }}",
            "{{ [1]|map('sa' ~ 'fe')|list }}", "{{ ([1]|map('string')).send }}",
        ])
    func namedLate(source: String) throws {
        let template = try ChatTemplate(source: source)
        let error = #expect(throws: ChatTemplateError.self) {
            try template.render(messages: [], addGenerationPrompt: false)
        }
        guard case .unknown? = error else {
            Issue.record("\(source): \(String(describing: error))")
            return
        }
    }

    @Test("a template's own exception is an error with its words")
    func refusal() throws {
        let template = try ChatTemplate(
            source: "{% if messages[0].role == 'x' %}{{ raise_exception('No x.') }}{% endif %}ok")
        let good = ChatTemplate.message(role: "user", content: "a")
        #expect(try template.render(messages: [good], addGenerationPrompt: false) == "ok")
        let bad = ChatTemplate.message(role: "x", content: "a")
        let error = #expect(throws: ChatTemplateError.refused("No x.")) {
            try template.render(messages: [bad], addGenerationPrompt: false)
        }
        #expect(error?.description == "the chat template refuses these messages: No x.")
    }

    @Test("the date is the caller's, and a template that asks without one fails")
    func date() throws {
        let template = try ChatTemplate(source: "{{ strftime_now('%d %b %Y, %A') }}")
        let date = try #require(TemplateDate(year: 2024, month: 2, day: 29))
        #expect(
            try template.render(messages: [], addGenerationPrompt: false, date: date)
                == "29 Feb 2024, Thursday")
        #expect(throws: ChatTemplateError.self) {
            try template.render(messages: [], addGenerationPrompt: false)
        }
        #expect(TemplateDate(year: 2023, month: 2, day: 29) == nil)
    }

    static let endless = [
        // Steps.
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='a') %}{% for a in range(99999) %}"
            + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}"
            + "{% endfor %}",
        // Shared parts, counted one by one.
        "{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% endfor %}{{ ns.x == ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% endfor %}{{ ns.x|tojson }}",
        // Depth.
        "{% set ns = namespace(x=[1]) %}{% for a in range(999) %}{% set ns.x = [ns.x] %}"
            + "{% endfor %}{{ ns.x }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        // Length.
        "{{ 'abc' * 999999999 }}", "{{ [1] * 999999999 }}", "{{ 'a' * 9223372036854775807 }}",
        "{{ 'a'|indent(999999999, true) }}", "{{ [1]|tojson(indent=999999999) }}",
        "{{ ('a' * 4000)|replace('', 'b' * 4000) }}",
        "{{ (['a' * 99999] * 999)|join }}",
        "{% set a = 'a' * 4000000 %}{{ (a ~ a).find(a ~ 'b') }}",
        "{% for a in range(99999) %}{{ 'abcdefghij' * 1000 }}{% endfor %}",
        "{{ 2 ** 99 }}", "{{ range(99999999999) }}", "{{ 9223372036854775807 + 1 }}",
        "{% set ns = namespace() %}{% set ns.x = ns %}", "{{ [namespace()] }}",
    ]

    @Test("what does not end, or grows beyond measure, is one error", arguments: endless)
    func bounded(source: String) throws {
        let template = try ChatTemplate(source: source)
        let error = #expect(throws: ChatTemplateError.self) {
            try template.render(messages: [], addGenerationPrompt: false)
        }
        guard case .evaluation? = error else {
            Issue.record("\(source): \(String(describing: error))")
            return
        }
    }

    @Test("a loop that asks how long it is costs as much as its rounds, not their square")
    func lookingAhead() throws {
        // The fastest of some, so that a busy machine says little; the square takes forty times
        // as long.
        func fastest(_ name: String) throws -> Duration {
            let template = try ChatTemplate(
                source: "{% for i in range(90000) %}{% if loop.\(name) %}{% endif %}{% endfor %}")
            return try (0..<3).map { _ in
                try ContinuousClock().measure {
                    _ = try template.render(messages: [], addGenerationPrompt: false)
                }
            }.min() ?? .zero
        }
        let (behind, ahead) = (try fastest("index"), try fastest("length"))
        #expect(ahead < behind * 15)
    }

    @Test("sources that are too deep, too long or too wide are refused")
    func sources() throws {
        for (opening, closing) in [
            ("(", ")"), ("[", "]"), ("{'a':", "}"), ("not ", ""), ("-", ""), ("a[", "]"),
            ("1 if 1 else ", ""), ("a(", ")"), ("a|d(", ")"),
        ] {
            let deep =
                String(repeating: opening, count: 5000) + "1"
                + String(repeating: closing, count: 5000)
            #expect(throws: ChatTemplateError.self, "\(opening)") {
                try ChatTemplate(source: "{{ \(deep) }}")
            }
        }
        for (before, after) in [("1+", ""), ("", ".a"), ("", "|d"), ("", "[0]"), ("1 and ", "")] {
            let wide =
                String(repeating: before, count: 9000) + "1"
                + String(repeating: after, count: 9000)
            #expect(throws: ChatTemplateError.self, "\(before)\(after)") {
                try ChatTemplate(source: "{{ \(wide) }}")
            }
        }
        for (opening, closing) in [
            ("{% if 1 %}", "{% endif %}"), ("{% for a in b %}", "{% endfor %}"),
            ("{% macro a() %}", "{% endmacro %}"), ("{% set a %}", "{% endset %}"),
        ] {
            let deep =
                String(repeating: opening, count: 2000) + String(repeating: closing, count: 2000)
            #expect(throws: ChatTemplateError.self) { try ChatTemplate(source: deep) }
        }
        let long = String(repeating: "a", count: 256 << 10)
        #expect(throws: Never.self) { try ChatTemplate(source: long) }
        #expect(throws: ChatTemplateError.sourceTooLarge(bytes: 262_145, bytesMax: 262_144)) {
            try ChatTemplate(source: long + "a")
        }
    }

    @Test("numbers that are no 64-bit integers are refused, not rounded")
    func numbers() throws {
        let template = try ChatTemplate(source: "{{ messages[0] }}")
        let large = try JSONValue(parsing: "123456789012345678901", limits: JSONLimits(bytes: 99))
        #expect(throws: ChatTemplateError.self) {
            try template.render(messages: [large], addGenerationPrompt: false)
        }
    }
}
