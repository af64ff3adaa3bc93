// Each rule sees what it is for, and nothing else.

import Testing

@Suite struct RuleTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let rule: Rule
        let path: String
        let bad: String
        let good: String
        var testDescription: String { rule.name }
    }

    private static let engine = "Sources/Engine/A/B.swift"
    private static let work = "/wo" + "rk/"

    static let samples = [
        Sample(
            rule: Rules.forceTry, path: "Tests/A/B.swift", bad: "let a = try! f()",
            good: "let a = try f() // try! is wrong\nlet b = \"try!\""),
        Sample(
            rule: Rules.forceCast, path: engine, bad: "let a = b as! C", good: "let a = b as? C"),
        Sample(
            rule: Rules.printing, path: engine, bad: "    print(\"x\")",
            good: "    footprint(1)\n    \"\"\"\n    print(1)\n    \"\"\""),
        Sample(
            rule: Rules.fileManager, path: "Sources/Store/A.swift",
            bad: "let a = FileManager.default", good: "// FileManager is not durable"),
        Sample(
            rule: Rules.clocksAndDice, path: engine, bad: "let now = Date()",
            good: "let date = readDate()"),
        Sample(
            rule: Rules.clocksAndDice, path: "Sources/TensorMath/A.swift",
            bad: "let x = Int.random(in: 0..<3)",
            good: "let x = Int.random(in: 0..<3, using: &generator)"),
        Sample(
            rule: Rules.clocksAndDice, path: "Sources/Store/A.swift",
            bad: "var g = SystemRandomNumberGenerator()", good: "var g = SeededGenerator(seed: 1)"),
        Sample(
            rule: Rules.detachedTasks, path: "Sources/Daemon/A.swift", bad: "Task.detached {}",
            good: "group.addTask {}"),
        Sample(
            rule: Rules.globalQueues, path: "Sources/Daemon/A.swift",
            bad: "DispatchQueue.global().async {}", good: "queue.async {}"),
        Sample(
            rule: Rules.pointers, path: "Sources/Engine/Merge/A.swift",
            bad: "let p: UnsafeMutablePointer<Float>", good: "let p: Span<Float>"),
        Sample(
            rule: Rules.pointers, path: "Sources/Runner/A.swift",
            bad: "f(UnsafeRawBufferPointer(start: p, count: 1))", good: "f(bytes)"),
        Sample(
            rule: Rules.uncheckedSendable, path: engine,
            bad: "\n\n\n\nfinal class A: @unchecked Sendable {\n\n",
            good: "// One thread at a time.\nfinal class A: @unchecked Sendable {"),
        Sample(
            rule: Rules.unfinished, path: engine, bad: "// TO" + "DO: later",
            good: "let template = \"a-XXXXXX\"\nlet m = mastodon"),
        Sample(
            rule: Rules.unfinished, path: "docs/A.md", bad: "see FIX" + "ME", good: "fixed"),
        Sample(
            rule: Rules.unfinished, path: "docs/A.md", bad: "a\nTABLE" + "HERE\nb",
            good: "a\nTABLE 1\nREADME.md"),
        Sample(
            rule: Rules.lineLength, path: engine,
            bad: "let a = " + String(repeating: "b + ", count: 30) + "c",
            good: "let a = \"" + String(repeating: "b", count: 120) + "\""),
        Sample(
            rule: Rules.lineLength, path: engine, bad: "// " + String(repeating: "a ", count: 50),
            good: "// " + String(repeating: "a ", count: 48)),
        Sample(
            rule: Rules.fileLength, path: engine, bad: String(repeating: "a\n", count: 401),
            good: String(repeating: "a\n", count: 400)),
        Sample(
            rule: Rules.firstLine, path: engine, bad: "import Foundation\n",
            good: "// What the file is for.\n"),
        Sample(
            rule: Rules.oneTitle, path: "docs/A.md", bad: "# One\n# Two\n",
            good: "# One\n```\n# a comment of a shell\n```\n## Two\n"),
        Sample(
            rule: Rules.oneTitle, path: "docs/A.md", bad: "## None\n", good: "# One\n"),
        Sample(
            rule: Rules.classedErrors, path: engine, bad: "package enum AError: Error, Equatable {",
            good: "struct AError: ClassifiedFailure, Equatable {\nfunc f<B: Error>() throws(B) {"),
        Sample(
            rule: Rules.classedErrors, path: engine,
            bad: "private struct A:\n    Sendable,\n    LocalizedError\n{",
            good: "struct A {\n    let cause: any Error\n}\nclass B {}"),
        Sample(
            rule: Rules.classedErrors, path: engine, bad: "extension Digest: @retroactive Error {}",
            good: "extension Errno: ClassifiedFailure {"),
        Sample(
            rule: Rules.classedErrors, path: "Sources/Failures/A.swift",
            bad: "extension ClassifiedFailure {\n    var failureClass: FailureClass { .bug }",
            good: "package protocol ClassifiedFailure: Error {"),
        Sample(
            rule: Rules.zeroing, path: engine, bad: "RowKernels.scale(error, by: 0)",
            good: "RowKernels.scale(mean, by: 0.5)\nx *= 0.5\nerror.fill(0)"),
        Sample(
            rule: Rules.quoting, path: engine, bad: #""no file '\(path)'""#,
            good: "// not '\\(path)'\nlet a = \"no file `\\(path)`\""),
        Sample(
            rule: Rules.lapackeChecks, path: "Sources/TensorMath/A.swift",
            bad: "unsafe LAPACKE_dpotrf(", good: "unsafe LAPACKE_dpotrf_work("),
        Sample(
            rule: Rules.machinePaths, path: "Scripts/a.py", bad: "root = '\(work)shared'",
            good: "root = 'net\(work)shared'"),
    ]

    @Test("a rule flags what it is against and passes what is allowed", arguments: samples)
    func flags(_ sample: Sample) {
        #expect(!sample.rule.findings(SourceFile(sample.path, sample.bad)).isEmpty)
        #expect(sample.rule.findings(SourceFile(sample.path, sample.good)) == [])
    }

    @Test("a rule looks only where it holds")
    func scopes() {
        func finds(_ rule: Rule, _ path: String, _ text: String) -> Bool {
            !rule.findings(SourceFile(path, text)).isEmpty
        }
        #expect(!finds(Rules.printing, "Sources/layerfold/Terminal.swift", "print(1)"))
        #expect(!finds(Rules.fileManager, "Sources/Runner/A.swift", "FileManager.default"))
        #expect(!finds(Rules.clocksAndDice, "Sources/Runner/A.swift", "Date.now"))
        #expect(!finds(Rules.pointers, "Sources/TensorMath/A.swift", "UnsafePointer<Int>"))
        #expect(!finds(Rules.pointers, "Sources/Store/Bytes/Zstd.swift", "UnsafePointer<Int>"))
    }

    @Test("every rule has a sample it must flag")
    func allSampled() {
        for rule in Rules.all {
            #expect(Self.samples.contains { $0.rule.name == rule.name }, "\(rule.name)")
        }
    }

    @Test("line numbers count every line")
    func lineNumbers() {
        let text = "// a\nlet s = \"\"\"\n  try!\n  \"\"\"\n\nlet a = try! f()\n"
        #expect(
            Rules.forceTry.findings(SourceFile("Sources/A/B.swift", text)).map(\.line) == [6])
    }

    @Test("a circle of folders is found, and only a circle")
    func folders() {
        func graph(_ files: (String, String)...) -> FolderGraph {
            FolderGraph(files.map { (folder: $0.0, text: $0.1) })
        }
        let plan = ("Plan", "package struct Plan {}\nfunc count(_ x: Int) {}")
        #expect(graph(plan, ("Learn", "let a: Plan")).circle == nil)
        let back = graph(
            plan, ("Learn", "enum Learned { case a(Plan) }"), ("Plan", "var b: Learned"))
        #expect(back.circle == ["Learn", "Plan", "Learn"])
        #expect(back.matrix == "  Learn <- Plan (1)\n  Plan <- Learn (1)")
        // Comments, private names, members and names of two homes tie nothing.
        let loose = [
            "// Learned", "private struct Learned {}", "    struct Learned {}",
            "extension Learned {}",
        ]
        for text in loose {
            #expect(graph(("A", text), ("B", "struct Other {}\nlet a: Learned")).arrows.isEmpty)
        }
        let two = graph(("A", "struct X {}"), ("B", "struct X {}"), ("C", "let x: X"))
        #expect(two.arrows.isEmpty)
        let long = graph(
            ("A", "struct A { let b: B }"), ("B", "struct B { let c: C }"),
            ("C", "struct C { let a: A }"))
        #expect(long.circle?.count == 4)
    }
}
