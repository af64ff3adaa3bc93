// Inputs that change while a stage computes: an observer does it, in the middle, so that no test
// hangs on a clock. Nothing is left under the old name, and the error says which file it was.

import Checkpoint
import DurableIO
import Failures
import Foundation
import JSON
import Jobs
import Locations
import Model
import Report
import Store
import SystemPackage
import TestSupport
import Testing
import Tokenizer

@testable import Runner

@Suite struct MeddlingTests {
    /// A stage that tells an observer in its middle, and keeps a part of itself behind that.
    private struct Watched: Stage {
        let name = "watched"
        let inputs: StageInputs = []
        let params: KeyJSON = ["a": .integer(1)]
        let detail = ""
        let work = Work.none
        var keepsPart = false
        var value: UInt8 = 1
        var failure: (any Error)?
        let observer: () throws -> Void

        static let part = StageCache.key("watched-part", version: 1, inputs: [], params: [:])

        func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
            try observer()
            if keepsPart { try cache.keep(Self.part, seconds: 0) { try $0.put("y", [2]) } }
            if let failure { throw failure }
            try outputs.put("x", [value])
        }
        func decode(_ stored: StageResult) throws {}
        func assumed(_ unknown: StageResult) throws {}
    }

    /// What somebody does to the weights.
    enum Deed: String, CaseIterable {
        case rewritten, rewrittenWithItsTime, rewrittenWithItsTimeAndOtherRights, cut, longer

        func carryOut(_ copy: ChangedInputTests.Copy) throws {
            let handle = try FileHandle(forUpdating: URL(filePath: copy.weights.string))
            let end = try handle.seekToEnd()
            switch self {
            case .cut: try handle.truncate(atOffset: 4096)
            case .longer: try handle.write(contentsOf: [0])
            case .rewritten, .rewrittenWithItsTime, .rewrittenWithItsTimeAndOtherRights:
                try handle.seek(toOffset: end - 1)
                try handle.write(contentsOf: [0x77])
            }
            try handle.close()
            if self != .rewritten { try ChangedInputTests.Copy.age(copy.weights) }
            if self == .rewrittenWithItsTimeAndOtherRights {
                _ = unsafe chmod(copy.weights.string, 0o600)
            }
        }
    }

    private struct Scene {
        let copy = try? ChangedInputTests.Copy()
        let cache: StageCache
        let store: ContentStore
        let model: IdentifiedModel
        let progress = ProgressReporter(listener: { _ in }, stop: {})

        init() throws {
            guard let copy else { throw Errno.noSuchFileOrDirectory }
            store = try ContentStore(state: FilePath(copy.folder.path + "/state"))
            cache = StageCache(store: store, progress: progress)
            model = try IdentifiedModel(
                try ModelLocator(from: "/").locate(copy.model.string),
                results: FilePath(copy.folder.path + "/results"), cache)
        }

        func isKept(_ key: ActionKey) throws -> Bool { try store.lookup(key).record != nil }
    }

    @Test(
        "nothing is kept of what was computed while the weights changed", arguments: Deed.allCases)
    func changedMeanwhile(deed: Deed) throws {
        LostPages.install(.substitute)
        for keepsPart in [false, true] {
            let scene = try Scene()
            let copy = try #require(scene.copy)
            let weights = scene.model.model.checkpoint.weightFiles[0]
            let stage = Watched(keepsPart: keepsPart) {
                try deed.carryOut(copy)
                // A page that a cut took away is read, as a stage would.
                _ = weights.withBytes { $0[$0.count - 1] }
            }
            do {
                try scene.cache.run(stage)
                Issue.record("\(deed) went unseen")
            } catch {
                #expect(FailureClass(of: error) == .user)
                let text = FaultText.describe(error)
                #expect(text.contains("input changed"), "\(text)")
                #expect(text.contains(copy.weights.string), "\(text)")
                #expect(text.contains("then retry"), "\(text)")
            }
            #expect(try !scene.isKept(stage.key) && !scene.isKept(Watched.part))
        }
    }

    @Test("a stage that fails of weights that changed blames them, not itself")
    func blamed() throws {
        let scene = try Scene()
        let copy = try #require(scene.copy)
        let stage = Watched(failure: Errno.outOfRange) { try Deed.rewritten.carryOut(copy) }
        do {
            try scene.cache.run(stage)
            Issue.record("the stage failed")
        } catch { #expect(FaultText.describe(error).contains("input changed")) }
        let other = try Scene()
        #expect(throws: Errno.outOfRange) {
            try other.cache.run(Watched(failure: Errno.outOfRange) {})
        }
    }

    @Test("weights that get another name or other rights, or are replaced by rename, are the same")
    func harmless() throws {
        let deeds: [(ChangedInputTests.Copy) throws -> Void] = [
            { _ = unsafe chmod($0.weights.string, 0o600) },
            { try Syscalls.link($0.weights, to: FilePath($0.folder.path + "/again")) },
            { copy in
                // The mapping keeps the old file, whose bytes the digest stands for.
                let other = FilePath(copy.folder.path + "/other")
                try Data([1]).write(to: URL(filePath: other.string))
                try Syscalls.rename(other, to: copy.weights)
            },
        ]
        for deed in deeds {
            let scene = try Scene()
            let copy = try #require(scene.copy)
            let stage = Watched(keepsPart: true) { try deed(copy) }
            try scene.cache.run(stage)
            #expect(try scene.isKept(stage.key) && scene.isKept(Watched.part))
            try scene.cache.verifyInputs()
        }
    }

    @Test("what is read of a file is trusted where the file is older than the clocks are coarse")
    func settling() throws {
        let copy = try ChangedInputTests.Copy()
        let identity = try MappedFile(copy.weights).identity
        let changed = Double(identity.changedNanoseconds) * 1e-9
        for (age, isSettled) in [(-10.0, false), (0, false), (1.9, false), (2.1, true)] {
            #expect(ModelWatch.isSettled([identity], now: changed + age) == isSettled)
        }
        #expect(!ModelWatch.isSettledHere([identity], now: changed + 0.02))
        #expect(ModelWatch.isSettledHere([identity], now: changed + 2.1))
    }

    @Test("a tokenizer that changes while a stage computes stops the job, unless it is the same")
    func tokenizer() throws {
        let scene = try Scene()
        let copy = try #require(scene.copy)
        let tokenizer = try IdentifiedTokenizer(scene.model.sideFiles)
        scene.cache.beforeKeeping { try tokenizer.expectUnchanged() }
        let file = URL(filePath: copy.model.appending("tokenizer.json").string)
        let bytes = try Data(contentsOf: file)
        // Written anew with the same bytes.
        let same = Watched { try bytes.write(to: file) }
        try scene.cache.run(same)
        #expect(try scene.isKept(same.key))
        let other = Watched(value: 2) { try (bytes + Data([0x20])).write(to: file) }
        try scene.store.forgetForTest(other.key)
        let error = #expect(throws: InputChanged.self) { try scene.cache.run(other) }
        #expect(error?.description.contains("tokenizer.json: input changed") == true)
        #expect(try !scene.isKept(other.key))
    }

    /// What is judged by a file, as a manifest has it, what the file holds, and holds later.
    private static let judged: [(evaluation: String, file: String, before: String, after: String)] =
        [
            ("perplexity, window: 64, limit: 128", "data", text, text + "More."),
            ("perplexity, windows: rolling", "data", text, "No. " + text),
            ("divergence, window: 64, limit: 128", "data", text, "No. " + text),
            ("multiple-choice", "data", question, question + question),
            ("generation, tokens: 2", "data", prompt, prompt + prompt),
            // The model is asked the same, and another answer is right.
            (
                "gsm8k, tokens: 2, shots: 0", "test.jsonl", problem,
                problem.replacing("#### 5", with: "#### 6")
            ),
        ]
    private static let text = String(repeating: "The old man went to the sea. ", count: 40)
    private static let question = #"{"context": "c", "choices": ["a", "b"], "answer": 0}"# + "\n"
    private static let prompt = #"{"prompt": "The sea"}"# + "\n"
    private static let problem = #"{"question": "2 and 3?", "answer": "So #### 5"}"# + "\n"

    @Test("data of an evaluation that change behind the original's turn stop the job, all of them")
    func evaluationData() throws {
        let scene = try Scene()
        let copy = try #require(scene.copy)
        for (entry, name, before, after) in Self.judged {
            let file = URL(filePath: copy.folder.path + "/" + name)
            func write(_ text: String) throws { try Data(text.utf8).write(to: file) }
            try write(before)
            let judge = try Self.judge(scene, "{task: \(entry), path: \(name)}")
            let model = Subject(scene.model)
            // Written anew with the same bytes.
            try write(before)
            let figures = try judge.judge(model).figures
            #expect(!figures.isEmpty)
            let deeds: [() throws -> Void] = [
                { try write(after) }, { try Data([0xFF, 0xFE]).write(to: file) },
                { try FileManager.default.removeItem(at: file) },
            ]
            for deed in deeds {
                try write(before)
                try deed()
                let error = #expect(throws: InputChanged.self, "\(entry)") {
                    try judge.judge(model)
                }
                #expect(error?.file.contains(name) == true)
            }
        }
        let warnings = scene.progress.warnings
        #expect(!warnings.contains { $0.contains("left out") }, "\(warnings)")
    }

    @Test("so do files of the model that make prompts, and say where answers end")
    func promptFiles() throws {
        let changes = [
            ("generation_config.json", #"{"eos_token_id": [1, 5]}"#),
            ("chat_template.jinja", "{{ messages[0].content }}!"),
        ]
        for (name, text) in changes {
            let scene = try Scene()
            let copy = try #require(scene.copy)
            let judge = try Self.judge(scene, "{task: generation, tokens: 2, prompts: 1}")
            try Data(text.utf8).write(to: URL(filePath: copy.model.appending(name).string))
            let error = #expect(throws: InputChanged.self, "\(name)") {
                try judge.judge(Subject(scene.model))
            }
            #expect(error?.file.contains(copy.model.string) == true)
        }
    }

    /// Behind the original's turn.
    private static func judge(_ scene: Scene, _ evaluation: String) throws -> ModelJudge {
        let copy = try #require(scene.copy)
        let manifest = """
            {version: 1, model: m, calibration: {dataset: text, path: t},
             compress: [{method: mka, ratios: [0.5]}], evaluate: [\(evaluation)]}
            """
        let job = try ManifestParser.parse(bytes: Data(manifest.utf8), name: "j")
        let evaluations = Evaluations(
            cache: scene.cache, numerics: Numerics(.f32),
            data: .anywhere(from: FilePath(copy.folder.path)),
            tokenizer: try IdentifiedTokenizer(scene.model.sideFiles),
            original: Subject(scene.model))
        try evaluations.check(job.evaluate)
        return ModelJudge(
            job: job, evaluations: evaluations,
            baselines: try job.evaluate.map {
                try evaluations.run($0, on: Subject(scene.model), beside: nil)
            }, progress: scene.progress)
    }

    @Test("a tokenizer that could not be read at first is not taken for one that stayed the same")
    func unreadTokenizer() throws {
        let copy = try ChangedInputTests.Copy()
        let side = try Checkpoint(copy.model).sideFiles
        let plan = FaultPlan(.error(.ioError), atCall: 1, among: [.open])
        let error = #expect(throws: InputChanged.self) {
            try FaultPlan.$current.withValue(plan) { try IdentifiedTokenizer(side) }
        }
        #expect(plan.hasFired)
        #expect(error?.description.contains("could not be before") == true)
        _ = try IdentifiedTokenizer(side)
    }

    @Test("who reads a mapped file asks behind it whether it was there")
    func mappedFiles() throws {
        let copy = try ChangedInputTests.Copy()
        let file = copy.model.appending("tokenizer.json")
        let reads: [() throws -> Void] = [
            { _ = try MappedBytes.digest(file) }, { _ = try TokenizerFolder.load(copy.model) },
        ]
        for read in reads {
            try read()
            // Its state is asked for when it is opened, and again.
            for call in 1...2 {
                let plan = FaultPlan(.error(.ioError), atCall: call, among: [.stat])
                #expect(throws: (any Error).self, "\(call)") {
                    try FaultPlan.$current.withValue(plan) { try read() }
                }
            }
        }
    }

    @Test("small files that change while they are read stop the job, even where that is taken back")
    func smallFiles() throws {
        let folder = try TemporaryFolder()
        let paths = ["a", "b"].map { folder.path + "/" + $0 }
        func write(_ text: String, _ path: String) throws {
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        func read() throws -> ReadFiles {
            for path in paths { try write("one", path) }
            return try ReadFiles(paths) { try MappedBytes.digest(FilePath($0)) }
        }
        #expect(try read().whileUnchanged({ paths }, { 7 }) == 7)
        let deeds: [(String) throws -> Void] = [
            { try write("two", $0) },
            { path in
                try write("two", path)
                try write("one", path)
            },
            { try FileManager.default.removeItem(atPath: $0) },
        ]
        for deed in deeds {
            let files = try read()
            let identity = files.files[1].identity
            #expect(throws: (any Error).self) {
                try files.whileUnchanged({ paths }) {
                    try deed(paths[1])
                    // The clock of ctime moves in ticks.
                    for _ in 0..<1_000_000
                    where (try? MappedFile(FilePath(paths[1])).identity) == identity {
                        try write("one", paths[1])
                    }
                }
            }
        }
        let files = try read()
        let error = #expect(throws: InputChanged.self) {
            try files.whileUnchanged({ [paths[0]] }, {})
        }
        #expect(error?.file == paths[1])
    }

    @Test("two computations of one key: the first stays, other bytes raise an alarm, the same none")
    func nondeterminism() throws {
        let scene = try Scene()
        var stages: [Watched] = []
        for value in [UInt8(1), 1, 2] {
            // While this stage computes, another worker records the same key.
            let first = try scene.store.put([1])
            let stage = Watched(value: value) {
                _ = try scene.store.record(
                    stages[0].key, outputs: [ActionOutput(role: "x", first)], seconds: 0,
                    peakBytes: 0)
            }
            stages.append(stage)
            try scene.cache.run(stage)
            let alarms = scene.progress.warnings.filter { $0.contains("nondeterminism") }
            #expect(alarms.count == (value == 2 ? 1 : 0), "\(scene.progress.warnings)")
            if let alarm = alarms.first {
                #expect(alarm.contains(Digest(of: [1]).hex.prefix(12)))
                #expect(alarm.contains(Digest(of: [2]).hex.prefix(12)))
            }
            #expect(
                try scene.store.lookup(stage.key).record?.output("x")?.digest == Digest(of: [1]))
            try scene.store.forgetForTest(stage.key)
        }
    }

    @Test("what was in the cache and is of no use is told, and computed again")
    func told() throws {
        let scene = try Scene()
        let stage = Watched(keepsPart: true) {}
        try scene.cache.run(stage)
        for key in [stage.key, Watched.part] {
            try DurableFile.write([0x7B], to: scene.store.actionPath(key))
        }
        try scene.cache.run(stage)
        #expect(scene.cache.records.last?.cache == .miss)
        let warning = "stage watched: the cached action was damaged"
        #expect(scene.progress.warnings.contains { $0.hasPrefix(warning) })
        #expect(try scene.isKept(stage.key))
    }
}

extension ContentStore {
    fileprivate func forgetForTest(_ key: ActionKey) throws {
        guard try Syscalls.stat(actionPath(key)) != nil else { return }
        try Syscalls.unlink(actionPath(key))
    }
}
