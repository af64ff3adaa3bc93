// Keys of config.json that nothing reads: told by name, or refused.

import Checkpoint
import EngineTestSupport
import JSON
import Testing

@testable import Model

@Suite struct UnreadKeysTests {
    private static func opened(_ change: (inout ModelConfig) -> Void) throws -> Model {
        let (scratch, checkpoint) = try ArchitectureFixtures.changed(
            "llama-odd-linear", config: change)
        defer { withExtendedLifetime(scratch) {} }
        return try Model(checkpoint)
    }

    @Test("a key that nobody knows is told, one of training is not")
    func unknown() throws {
        let model = try Self.opened {
            $0.set("quantum_layers", to: 3)
            $0.set("initializer_range", to: .integer(1))
        }
        #expect(model.unreadKeys == ["quantum_layers"])
        #expect(try Self.opened { _ in }.unreadKeys == [])
    }

    @Test("a switch of the function that this family does not have is refused where it is on")
    func switches() throws {
        for (key, value) in [
            ("attn_logit_softcapping", JSONValue.integer(50)), ("alibi", .bool(true)),
            ("embedding_multiplier", .integer(12)), ("num_local_experts", .integer(8)),
            ("no_rope_layers", .array([.integer(1)])),
        ] {
            #expect {
                _ = try Self.opened { $0.set(key, to: value) }
            } throws: { error in
                guard case ModelError.unsupported(let found, _, _) = error else { return false }
                return found == key
            }
        }
        for (key, value) in [
            ("attn_logit_softcapping", JSONValue.null), ("alibi", .bool(false)),
            ("embedding_multiplier", .integer(1)), ("num_local_experts", .integer(0)),
        ] {
            #expect(try Self.opened { $0.set(key, to: value) }.unreadKeys == [])
        }
    }

    @Test("keys inside a section are told by their path")
    func sections() throws {
        let model = try Self.opened {
            $0.set(
                "rope_parameters",
                to: .object(
                    JSONObject([
                        ("rope_type", .string("linear")), ("factor", .integer(4)),
                        ("rope_theta", .integer(10_000)), ("twist", .integer(2)),
                    ])))
        }
        #expect(model.unreadKeys == ["rope_parameters.twist"])
    }

    @Test(
        "what transformers writes for a family is known to the family",
        arguments: ArchitectureFixtures.names.filter { !$0.hasPrefix("nemotron") })
    func families(name: String) throws {
        #expect(try ArchitectureFixtures.model(name).unreadKeys == [])
    }
}
