// The keys of config.json that loaders read, and which of other programs' are refused.

import JSON
import Schemes
import TestSupport
import Testing

@Suite struct QuantizationConfigTests {
    static let schemes = [
        QuantizationScheme(
            weights: WeightScheme(kind: .int, bits: 4, group: 128), activations: .none),
        QuantizationScheme(
            weights: WeightScheme(kind: .int, bits: 8, group: nil), activations: .none),
        QuantizationScheme(
            weights: WeightScheme(kind: .int, bits: 8, group: nil), activations: .int8Token),
        QuantizationScheme(
            weights: WeightScheme(kind: .float, bits: 8, group: nil), activations: .fp8Token),
    ]

    @Test(arguments: schemes)
    func whatIsWrittenIsRead(scheme: QuantizationScheme) throws {
        let config = QuantizationConfig(scheme, ignore: ["lm_head"])
        #expect(try QuantizationConfig(parsing: config.json) == config)
    }

    @Test func keysAreTheMinimalSet() {
        let text = QuantizationConfig(Self.schemes[0], ignore: ["lm_head"]).json.text(.line)
        #expect(
            text
                == #"{"quant_method": "compressed-tensors", "format": "pack-quantized", "#
                + #""quantization_status": "compressed", "ignore": ["lm_head"], "#
                + #""config_groups": {"group_0": {"targets": ["Linear"], "#
                + #""weights": {"num_bits": 4, "type": "int", "symmetric": true, "#
                + #""strategy": "group", "group_size": 128, "dynamic": false}, "#
                + #""input_activations": null}}}"#)
    }

    @Test func othersAreRefusedByName() {
        func refusal(_ change: (inout JSONObject) -> Void) -> UnreadQuantization? {
            guard case .object(var object) = QuantizationConfig(Self.schemes[0], ignore: []).json
            else { return nil }
            change(&object)
            do throws(UnreadQuantization) {
                _ = try QuantizationConfig(parsing: .object(object))
                return nil
            } catch { return error }
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0["quant_method"] = "gptq" }?.format == "gptq")
        #expect(refusal { $0["format"] = "nvfp4-pack-quantized" }?.format == "nvfp4-pack-quantized")
        #expect(refusal { $0["kv_cache_scheme"] = ["num_bits": 8] } != nil)
        #expect(refusal { $0["quantization_status"] = "frozen" } != nil)
        #expect(refusal { $0["config_groups"] = [:] } != nil)
        #expect(refusal { $0["transform_config"] = [:] } == nil)
        #expect(refusal { $0["transform_config"] = ["config_groups": [:]] } != nil)
        #expect(refusal { $0["sparsity_config"] = ["format": "sparse-24"] } != nil)
        func weights(_ weights: JSONValue) -> UnreadQuantization? {
            refusal {
                $0["config_groups"] = ["g": ["targets": ["Linear"], "weights": weights]]
            }
        }
        func ordered(_ order: JSONValue) -> UnreadQuantization? {
            weights(["num_bits": 4, "strategy": "group", "group_size": 32, "actorder": order])
        }
        #expect(weights(["num_bits": 4, "strategy": "group", "group_size": 32]) == nil)
        for order: JSONValue in [nil, false, "weight", "static"] {
            #expect(ordered(order) == nil, "\(order)")
        }
        for order: JSONValue in ["group", "dynamic", true, "another"] {
            #expect(ordered(order) != nil, "\(order)")
        }
        for other: JSONValue in [
            ["num_bits": 4, "strategy": "group", "group_size": 32, "symmetric": false],
            ["num_bits": 4, "strategy": "group"], ["num_bits": 4, "strategy": "tensor"],
            ["num_bits": 4, "strategy": "channel", "dynamic": true],
            ["num_bits": 4, "strategy": "channel", "type": "float"], ["strategy": "channel"],
        ] {
            #expect(weights(other) != nil, "\(other)")
        }
    }
}
