// Jobs whose folds need much memory, as real processes: more than any machine of today has, and as
// much as was planned.

import Foundation
import TestSupport
import Testing

@Suite("jobs that need much memory")
struct MemoryJobTests {
    /// Layers of zeros, hardly any of them stored on the disk.
    private static func writeWideModel(
        neurons: Int, layers: Int = 2, width: Int = 32, in folder: URL
    ) throws {
        let (heads, vocabulary) = (1, 4096)
        let config: [String: Any] = [
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": width,
            "intermediate_size": neurons, "num_hidden_layers": layers, "num_attention_heads": heads,
            "num_key_value_heads": heads, "vocab_size": vocabulary, "rms_norm_eps": 1e-5,
            "hidden_act": "silu", "tie_word_embeddings": true, "rope_theta": 10000,
            "max_position_embeddings": 1024, "bos_token_id": 0, "eos_token_id": 1,
        ]
        try JSONSerialization.data(withJSONObject: config)
            .write(to: folder.appending(path: "config.json"))
        var shapes = [
            "model.embed_tokens.weight": [vocabulary, width], "model.norm.weight": [width],
        ]
        for layer in 0..<layers {
            for (name, shape) in [
                "input_layernorm": [width], "post_attention_layernorm": [width],
                "self_attn.q_proj": [width, width], "self_attn.k_proj": [width, width],
                "self_attn.v_proj": [width, width], "self_attn.o_proj": [width, width],
                "mlp.gate_proj": [neurons, width], "mlp.up_proj": [neurons, width],
                "mlp.down_proj": [width, neurons],
            ] { shapes["model.layers.\(layer).\(name).weight"] = shape }
        }
        var header: [String: Any] = [:]
        var end = 0
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let start = end
            end += 2 * shape.reduce(1, *)
            header[name] = ["dtype": "BF16", "shape": shape, "data_offsets": [start, end]]
        }
        let json = try JSONSerialization.data(withJSONObject: header)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
        let bytes = Data(length) + json
        let file = folder.appending(path: "model.safetensors")
        try bytes.write(to: file)
        let handle = try FileHandle(forUpdating: file)
        try handle.truncate(atOffset: UInt64(bytes.count + end))
        try handle.close()
    }

    /// Folds the second layer into the first.
    private static func run(
        neurons: Int, select: String = "list, layers: [1]",
        calibration: String = "samples: 12, max_tokens: 16"
    ) throws -> (folder: TemporaryFolder, outcome: Outcome) {
        let (folder, job) = try write(neurons: neurons, select: select, calibration: calibration)
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
        return (folder, outcome)
    }

    private static func write(
        neurons: Int, select: String = "list, layers: [1]",
        calibration: String = "samples: 12, max_tokens: 16"
    ) throws -> (folder: TemporaryFolder, job: String) {
        let (folder, job) = try Workshop.make()
        let model = folder.url.appending(path: "wide")
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: folder.path + "/demo/tokenizer.json", toPath: model.path + "/tokenizer.json")
        try writeWideModel(neurons: neurons, in: model)
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("model: demo", with: "model: wide")
            .replacing(
                "{method: mka, ratios: [0.125]}",
                with: "{method: fold, select: \(select), ratios: [0.5]}"
            )
            .replacing("samples: 12, max_tokens: 16", with: calibration)
            // All samples of zeros are equal: no width follows from them.
            .replacing("analysis: {compute: f32}", with: "analysis: {compute: f32, sigma: 8}")
            .replacing("evaluate:", with: "evaluate: [] #")
        try Data(text.utf8).write(to: URL(filePath: job))
        return (folder, job)
    }

    @Test("a plan says at once what will not fit, and what fits as it will be planned")
    func told() throws {
        let (large, job) = try Self.write(neurons: 400_000)
        let plan = try layerfold("plan", job, "--state", large.path + "/s")
        #expect(plan.status == 0)
        #expect(
            plan.output.contains(/does not fit: stage weights would hold about \d{7} MiB/),
            "\(plan.output)")

        let (folder, fits) = try Self.write(neurons: 2000)
        let told = try layerfold("plan", fits, "--state", folder.path + "/s")
        #expect(!told.output.contains("does not fit"))
        let row = try #require(
            told.output.firstMatch(of: /weights .* (\d+) MiB +\d+ MiB/), "\(told.output)")
        let outcome = try layerfold(
            "run", fits, "--state", folder.path + "/s", "--output", folder.path + "/out")
        let (planned, used) = try Self.peaks(of: "weights", (folder, outcome))
        let mebibytes = Double(row.1) ?? 0
        // What the process holds before the stage differs by some MiB.
        #expect(abs(mebibytes - planned / 1_048_576) < 24, "\(mebibytes) beside \(planned)")
        #expect(used / 1_048_576 < mebibytes)
    }

    @Test("a stage that needs more than there is fails before it starts, and says what to do")
    func refused() throws {
        // The Gram matrix of all neurons of both layers takes terabytes.
        let (folder, outcome) = try Self.run(neurons: 400_000)
        #expect(outcome.status == 1)
        let told = try #require(
            outcome.errors.firstMatch(of: /stage weights would hold about (\d+) MiB of memory/),
            "\(outcome.errors)")
        #expect((Int(told.1) ?? 0) > 4_800_000, "\(outcome.errors)")
        #expect(outcome.errors.contains("give fewer or shorter calibration samples"))
        #expect(Workshop.names(folder.path + "/out") == [])
    }

    /// What a stage was planned to hold and held, in bytes.
    private static func peaks(
        of stage: String, _ run: (folder: TemporaryFolder, outcome: Outcome)
    ) throws -> (planned: Double, used: Double) {
        let (folder, outcome) = run
        #expect(outcome.status == 0, "\(outcome.errors)")
        let file = try #require(Workshop.names(folder.path + "/out").first)
        let report = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(filePath: "\(folder.path)/out/\(file)/report.json")))
        let stages = (report as? [String: Any])?["stages"] as? [[String: Any]]
        let found = try #require(stages?.first { $0["name"] as? String == stage })
        return (
            try #require(found["planned_peak_bytes"] as? Double),
            try #require(found["peak_anonymous_bytes"] as? Double)
        )
    }

    @Test("a capture lies in memory one boundary at a time, as was planned")
    func capture() throws {
        // 57 samples of 256 tokens, each a row of 1 KiB at 17 boundaries.
        let (folder, job) = try Workshop.make()
        let model = folder.url.appending(path: "deep")
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: folder.path + "/demo/tokenizer.json", toPath: model.path + "/tokenizer.json")
        try Self.writeWideModel(neurons: 32, layers: 16, width: 256, in: model)
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("model: demo", with: "model: deep")
            .replacing("samples: 12, max_tokens: 16", with: "samples: 57, max_tokens: 256")
            .replacing(
                "analysis: {compute: f32}",
                with: "analysis: {compute: f32, similarity: cosine, representation: tokens}"
            )
            .replacing("evaluate:", with: "evaluate: [] #")
        try Data(text.utf8).write(to: URL(filePath: job))
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
        let (planned, used) = try Self.peaks(of: "activations", (folder, outcome))
        // All boundaries would be 17 x 4 x 256 bytes a token.
        let file = try #require(Workshop.names(folder.path + "/out").first)
        let report = try String(
            contentsOfFile: "\(folder.path)/out/\(file)/report.json", encoding: .utf8)
        let tokens = try #require(report.firstMatch(of: /57 sequences, (\d+) tokens, tokens/))
        let all = 17 * 4 * 256 * (Double(tokens.1) ?? 0)
        #expect(used < planned && planned < all, "\(used) of \(planned), all are \(all)")
        // What compares the layers holds all, as they are less than a GiB.
        let compared = try Self.peaks(of: "similarity", (folder, outcome))
        #expect(
            compared.used < compared.planned && compared.planned > all,
            "\(compared.used) of \(compared.planned), all are \(all)")
    }

    @Test("matrices of all pairs of samples are planned")
    func pairs() throws {
        // 8 samples of 192 tokens, each of them compared with each: a matrix takes 18 MiB.
        let (folder, job) = try Self.write(
            neurons: 64, calibration: "samples: 8, max_tokens: 192")
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("sigma: 8", with: "sigma: 8, representation: tokens")
            .replacing("{method: fold, select: list, layers: [1],", with: "{method: mka,")
        try Data(text.utf8).write(to: URL(filePath: job))
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
        let (planned, used) = try Self.peaks(of: "embedding", (folder, outcome))
        let matrix = Double(8 * 1536 * 1536)
        #expect(used < planned && used > 3 * matrix, "\(used) of \(planned)")
        #expect(planned < 4 * matrix + Double(96 << 20), "\(planned)")
    }

    @Test("a fold holds no more than was planned, and not much less")
    func planned() throws {
        // A Gram matrix of 122 MiB, which is most of all.
        let (planned, used) = try Self.peaks(of: "weights", Self.run(neurons: 2000))
        // The library's packing is planned by threads.
        let slack = 0.2 * planned + Double(ProcessInfo.processInfo.activeProcessorCount << 22)
        #expect(used < planned && used > planned - slack, "\(used) of \(planned)")
    }

    @Test("nor does choosing, where the logits that it judges by are most of all")
    func plannedChoice() throws {
        // Of 57 samples 7 are held back, and two models have 4,096 logits for each of 1,792 tokens.
        let (planned, used) = try Self.peaks(
            of: "run-costs",
            Self.run(
                neurons: 64, select: "divergence, search_samples: 57",
                calibration: "samples: 57, max_tokens: 256"))
        #expect(used < planned && used > Double(8 * 4096 * 1792), "\(used) of \(planned)")
    }
}
