// What `layerfold cluster check` makes of what nodes saw.

import Cluster
import Jobs
import Testing

@Suite struct ClusterVerdictTests {
    private static let message = "m\n"
    private static let time = 1_700_000_000_000

    private func probe(
        _ host: String, change: (inout NodeProbe) -> Void = { _ in }
    ) -> NodeProbe {
        var probe = NodeProbe(
            token: "t", host: host, version: "1", user: 900, group: 901, groups: [901, 902],
            milliseconds: Self.time + 2_000,
            numerics: UnitNumerics(
                compute: "f32", kernels: "3/3", threads: 4, blas: "Haswell", processor: "p"),
            message: Self.message,
            places: [
                .init(
                    path: "/s/store", inode: 7, problem: nil, network: "NFS", found: "head's",
                    left: .init(name: ".n", text: "node's")),
                .init(path: "/m", inode: 8, problem: nil, network: nil),
            ])
        change(&probe)
        return probe
    }

    private func answer(
        _ probe: NodeProbe?, seconds: Int = 4, texts: [String: String] = ["/s/store": "node's"]
    ) -> ProbeAnswer {
        ProbeAnswer(
            wanted: "n1", probe: probe, sentAt: Self.time,
            seenAt: Self.time + seconds * 1_000, texts: texts, word: "pending (Resources)", log: "")
    }

    private func faults(
        _ answers: [ProbeAnswer], head: NodeProbe? = nil
    ) -> [ClusterFinding] {
        ClusterVerdict(
            head: head ?? probe("head"), message: Self.message,
            tokens: ["/s/store": "head's"], settings: ClusterSettings()
        ).findings(answers).filter { !$0.isGood }
    }

    @Test func `a node that sees the same is in order`() {
        #expect(faults([answer(probe("n1")), answer(probe("n2"))]).isEmpty)
    }

    private struct Case: Sendable {
        let what: String
        let words: String
        let change: @Sendable (inout NodeProbe) -> Void
    }

    private static let cases = [
        Case(what: "program", words: "install the same", change: { $0.version = "2" }),
        Case(what: "user", words: "same numbers", change: { $0.user = 65_534 }),
        Case(what: "user", words: "same numbers", change: { $0.group = 1 }),
        Case(what: "user", words: "groups 902", change: { $0.groups = [901] }),
        Case(what: "clock", words: "ahead of", change: { $0.milliseconds += 60_000 }),
        Case(what: "clock", words: "58 s behind", change: { $0.milliseconds -= 60_000 }),
        Case(what: "what the head writes", words: "not read", change: { $0.message = nil }),
        Case(what: "what the head writes", words: "not read", change: { $0.message = "old\n" }),
        Case(what: "`/s/store`", words: "another folder", change: { $0.places[0].inode = 9 }),
        Case(
            what: "`/s/store`", words: "the head writes there is not read",
            change: { $0.places[0].found = nil }),
        Case(
            what: "`/s/store`", words: "the head writes there is not read",
            change: { $0.places[0].found = "another's" }),
        Case(
            what: "`/s/store`", words: "the node writes there is not read",
            change: { $0.places[0].left?.text = "of another folder" }),
        Case(
            what: "`/m`", words: "no right",
            change: {
                $0.places[1].inode = nil
                $0.places[1].problem = "no right"
            }),
    ]

    @Test func `each thing that is wrong on a node is told, and no other`() {
        for one in Self.cases {
            let found = faults([answer(probe("n1", change: one.change))])
            #expect(found.count == 1, "\(found)")
            #expect(found.first?.what == "n1: \(one.what)")
            #expect(found.first?.detail.contains(one.words) == true, "\(found)")
        }
    }

    @Test func `what a node wrote and the head does not see is told`() {
        let found = faults([answer(probe("n1"), texts: [:])])
        #expect(found.map(\.what) == ["n1: `/s/store`"])
    }

    @Test func `a node that is silent is told with the queue's word`() {
        let found = faults([answer(nil, seconds: 300)])
        #expect(found.map(\.what) == ["n1: a small job"])
        #expect(found.first?.detail.contains("in 300 s; it is pending (Resources)") == true)
    }

    @Test func `files that are seen too late`() {
        let found = faults([answer(probe("n1"), seconds: 200)])
        #expect(found.map(\.what) == ["n1: its files"])
        #expect(found.first?.detail.contains("after 198 s") == true)
    }

    @Test func `nodes that compute otherwise are named`() {
        let found = faults([
            answer(probe("n1")), answer(probe("n2") { $0.numerics.threads = 8 }),
        ])
        #expect(found.map(\.what) == ["numerics of nodes"])
        #expect(found.first?.detail.contains("n2: f32") == true)
    }

    @Test func `what is wrong at the head is told once`() {
        let head = probe("head") {
            $0.places[1].inode = nil
            $0.places[1].problem = "gone"
        }
        let found = faults([], head: head)
        #expect(found.map(\.what) == ["head: `/m`"])
    }

    @Test func `the small job is sent as units are`() {
        let submission = Submission(
            token: UnitToken(attempt: "a", unit: "check", number: 1), minutes: 10,
            memoryBytes: nil, resources: .init(), worker: "/opt/it's", request: "/s/r",
            outcome: "/s/a", log: "/s/l", folder: "/s")
        #expect(
            submission.probeScript.contains(
                "exec '/opt/it'\\''s' 'cluster' 'probe' '--request' '/s/r' '--answer' '/s/a'"))
    }
}
