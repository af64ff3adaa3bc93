// States, progress lines, request and outcome: what daemon, worker and CLI agree on.

import Failures
import Foundation
import Jobs
import Testing

@Suite struct ProtocolTests {
    @Test func `moves are those of the table and no others`() {
        let allowed: Set<String> = [
            "queued running", "queued publishing", "queued held", "queued cancelled",
            "queued failed", "queued cancelling", "held queued", "held held", "held cancelled",
            "held failed", "held cancelling", "running publishing", "running queued",
            "running held", "running cancelling",
            "running failed", "publishing done", "publishing queued", "publishing held",
            "publishing failed", "cancelling cancelled", "failed queued", "cancelled queued",
        ]
        for from in JobState.allCases {
            for to in JobState.allCases {
                #expect(
                    from.mayBecome(to) == allowed.contains("\(from.rawValue) \(to.rawValue)"),
                    "\(from) -> \(to)")
            }
        }
        #expect(JobState.done.next.isEmpty, "a job that is done is never run again")
        #expect(JobState.allCases.filter(\.isFinal) == [.done, .failed, .cancelled])
    }

    static let lines: [(ProgressLine, String)] = [
        (.stageStarted(stage: "digest"), #"{"kind":"stage-started","stage":"digest"}"#),
        (
            .progress(.init(stage: "activations", done: 3, total: 16, unit: "layers")),
            #"{"done":3,"kind":"progress","stage":"activations","total":16,"unit":"layers"}"#
        ),
        (
            .progress(
                .init(
                    stage: "merge", done: 1, total: 2, unit: "tensors", rate: 1.5, secondsLeft: 2,
                    detail: "layer 3")),
            #"{"detail":"layer 3","done":1,"kind":"progress","rate":1.5,"seconds_left":2,"stage":"merge","total":2,"unit":"tensors"}"#
        ),
        (
            .stageFinished(stage: "merge", cache: .miss, seconds: 2.5, peakBytes: 10),
            #"{"cache":"miss","kind":"stage-finished","peak_bytes":10,"seconds":2.5,"stage":"merge"}"#
        ),
        (.warning(message: "w"), #"{"kind":"warning","message":"w"}"#),
        (.note(message: "n/m"), #"{"kind":"note","message":"n/m"}"#),
        (.finished(outcome: .succeeded), #"{"kind":"finished","outcome":"succeeded"}"#),
        (
            .failed(failureClass: .user, message: "no model"),
            #"{"class":"user","kind":"failed","message":"no model"}"#
        ),
        (
            .heartbeat(.init(moves: 3, processorSeconds: 1.5, stage: "merge", plannedSeconds: 9)),
            #"{"kind":"heartbeat","moves":3,"peak_bytes":0,"planned_seconds":9,"#
                + #""processor_seconds":1.5,"stage":"merge","transferred_bytes":0}"#
        ),
    ]

    @Test func `progress lines are the documented JSON`() throws {
        for (line, json) in Self.lines {
            #expect(String(decoding: try line.encoded(), as: UTF8.self) == json)
            #expect(try ProgressLine(line: Data(json.utf8)) == line)
        }
    }

    @Test func `anything else is no progress line`() {
        for text in ["", "{}", "[]", "hello", #"{"kind":"other"}"#, #"{"kind":"progress"}"#] {
            #expect(throws: (any Error).self, "\(text)") { try ProgressLine(line: Data(text.utf8)) }
        }
    }

    @Test func `request and outcome survive their JSON`() throws {
        let description = try ManifestParser.parse(
            bytes: Data(ManifestTests.minimal.utf8), name: "j")
        let request = WorkerRequest(
            job: "J", attempt: "A", stateDirectory: "/s", jobDirectory: "/s/jobs/J",
            modelRoots: ["/m"], dataRoots: ["/d"], resultsDirectory: "/s/results/.x.partial",
            description: description)
        let decoded = try JSONDecoder().decode(
            WorkerRequest.self, from: JobJSON.encode(request))
        #expect(decoded == request)
        let outcome = WorkerOutcome.failed(
            job: "J", attempt: "A",
            .init(failureClass: .resource, message: "full", isDiskFull: true), seconds: 1,
            peakBytes: 2)
        #expect(
            try JSONDecoder().decode(WorkerOutcome.self, from: JobJSON.encode(outcome)) == outcome)
    }

    @Test func `a full disk of a worker that knew no disk_full is told by its words`() throws {
        func read(_ rest: String) throws -> WorkerOutcome.Failure {
            try JSONDecoder().decode(WorkerOutcome.Failure.self, from: Data("{\(rest)}".utf8))
        }
        for words in [
            "No space left on device", "Disk quota exceeded", "database or disk is full",
        ] {
            let told = #""message":"write failed on `/x`: \#(words)""#
            #expect(try read(#""class":"resource",\#(told)"#).isDiskFull, "\(words)")
            #expect(
                try !read(#""class":"resource",\#(told),"disk_full":false"#).isDiskFull,
                "what a worker says itself counts: \(words)")
            #expect(try !read(#""class":"user",\#(told)"#).isDiskFull, "\(words)")
        }
        #expect(try !read(#""class":"resource","message":"out of memory""#).isDiskFull)
    }

    @Test func `a failure of today that only sounds like a full disk is none when it is read`()
        throws
    {
        let failure = WorkerOutcome.Failure(
            failureClass: .resource, message: "memory; the log ends: No space left on device")
        #expect(
            try JSONDecoder().decode(WorkerOutcome.Failure.self, from: JobJSON.encode(failure))
                == failure)
        let other = WorkerOutcome.Failure(failureClass: .user, message: "u")
        #expect(
            String(decoding: try JobJSON.encode(other), as: UTF8.self)
                == #"{"class":"user","message":"u"}"#)
    }

    @Test func `names of jobs are plain`() {
        for name in ["a", "A-1", "0.x_y", String(repeating: "z", count: 64)] {
            #expect(JobName.isValid(name), "\(name)")
        }
        for name in [
            "", ".a", "-a", "_a", "a b", "a/b", "ä", "a\n", String(repeating: "z", count: 65),
        ] {
            #expect(!JobName.isValid(name), "\(name)")
        }
    }

    @Test func `near words are found, far ones are not`() {
        let words = ["model", "compress", "samples_per_subject", "mka"]
        #expect(Spelling.nearest(to: "modle", in: words) == "model")
        #expect(Spelling.nearest(to: "Model", in: words) == "model")
        #expect(Spelling.nearest(to: "samples-per-subject", in: words) == "samples_per_subject")
        #expect(Spelling.nearest(to: "mak", in: words) == "mka")
        #expect(Spelling.nearest(to: "zzz", in: words) == nil)
        #expect(Spelling.nearest(to: String(repeating: "model", count: 99), in: words) == nil)
    }

    @Test func `settings are read as strictly as manifests`() throws {
        let good = try ServerSettings.parse(
            bytes: Data(
                """
                state: /srv/lf
                model_roots: [/m, /n]
                settle_seconds: 0.5
                stage_patience: 40

                """.utf8))
        let queue = try ServerSettings.parse(
            bytes: Data(
                "workers: 3\njobs_per_user: 20\nmemory: 48GiB\nshare_half_life_days: 0.5".utf8))
        #expect(queue.workers == 3 && queue.jobsPerUser == 20)
        #expect(queue.memoryBytes == 48 << 30 && queue.shareHalfLifeDays == 0.5)
        #expect(good.stateDirectory == "/srv/lf")
        #expect(good.modelRoots == ["/m", "/n"])
        #expect(good.settleSeconds == 0.5)
        #expect(good.stagePatience == 40)
        #expect(good.worker == nil)
        #expect(good.isPrivate == nil && good.adminGroup == nil)
        let people = try ServerSettings.parse(
            bytes: Data("private: true\nadmin_group: lab-admin\n".utf8))
        #expect(people.isPrivate == true && people.adminGroup == "lab-admin")
        let cache = try ServerSettings.parse(
            bytes: Data("cache: {size: 500G, high: 0.8, low: 0.5, free_floor: 1.5 GiB}".utf8)
        ).cache
        #expect(cache?.size == 500_000_000_000)
        #expect(cache?.high == 0.8)
        #expect(cache?.low == 0.5)
        #expect(cache?.freeFloor == 3 << 29)
        let small = try ServerSettings.parse(
            bytes: Data("cache: {size: 5000, free_floor: 0}\nmemory: 1e9".utf8))
        #expect(small.cache?.size == 5000 && small.cache?.freeFloor == 0)
        #expect(small.memoryBytes == 1_000_000_000)
        #expect(good.retention == nil)
        let limits = try ServerSettings.parse(
            bytes: Data("retention: {days: 90, bytes: 500G}\nresults_per_user: 2T\n".utf8))
        #expect(limits.retention == RetentionRule(days: 90, bytes: 500_000_000_000))
        #expect(limits.resultsPerUser == 2_000_000_000_000)
        for (bad, words) in [
            ("cache: {size: much}", "not an amount"), ("cache: {size: -1}", "not an amount"),
            ("cache: {size: 500}", "write 500G"), ("cache: {free_floor: 20}", "write 20G"),
            ("cache: {size: 0.5}", "a share"),
            ("cache: {size: 9e99}", "not an amount"), ("cache: {high: 2}", "out of range"),
            ("cache: {low: 0.95}", "above the mark"), ("cache: 500G", "a mapping"),
            ("cache: {siz: 1}", "did you mean `size`?"), ("stat: /srv", "did you mean `state`?"),
            ("state: srv", "starts with /"),
            ("workers: 0", "out of range"), ("memory: 0.5", "bytes, such as 48GiB"),
            ("memory: 5 furlongs", "units are"), ("grace_seconds: -1", "out of range"),
            ("memory: 500", "write 500G"), ("results_per_user: 0", "less than a byte"),
            ("memory: -5G", "not an amount"), ("cache: {free_floor: 9000000T}", "not an amount"),
            ("retention: {bytes: 1.5}", "without a unit"),
            ("cache: {size: 5 furlongs}", "units are"),
            ("stage_patience: 0.5", "out of range"),
            ("model_roots: /m", "a list of paths"),
            ("private: 1", "true or false"), ("admin_group: a b", "not a group"),
            ("retention: {}", "no limit is named"), ("retention: {days: 0}", "out of range"),
            ("results_per_user: 0.5", "a share"), ("retention: {age: 3}", "unknown key"),
        ] {
            do {
                _ = try ServerSettings.parse(bytes: Data(bad.utf8))
                Issue.record("accepted: \(bad)")
            } catch {
                #expect("\(error)".contains(words), "\(error)")
            }
        }
    }

    @Test(arguments: ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"])
    func `comments alone are no settings, whatever ends lines`(lineEnd: String) throws {
        func parse(_ text: String) throws -> ServerSettings {
            try ServerSettings.parse(bytes: Data(text.replacing("\n", with: lineEnd).utf8))
        }
        #expect(try parse("# a\nstate: /x\ninbox: /y\n").inbox == "/y")
        for text in ["", "\n", "# a\n \t# b\n", "\u{FEFF}# a\n", "\u{FEFF}"] {
            #expect(try parse(text) == ServerSettings())
        }
    }
}
