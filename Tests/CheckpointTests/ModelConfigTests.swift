// Typed access to config.json: values, and errors that say what to mend.

import JSON
import Testing

@testable import Checkpoint

@Suite struct ModelConfigTests {
    static func config(_ text: String) throws -> ModelConfig {
        try ModelConfig.parse(Array(text.utf8).span, file: "config.json")
    }

    static let sample = """
        {
          "hidden_size": 64,
          "rms_norm_eps": 1e-05,
          "scale": 1.0,
          "heads": 4.0,
          "tie_word_embeddings": false,
          "model_type": "llama",
          "pad_token_id": null,
          "layer_types": [
            "full_attention",
            "sliding_attention"
          ],
          "eos_token_id": [
            1,
            2
          ],
          "rope_scaling": {
            "factor": 8,
            "rope_type": 3
          },
          "unknown": {
            "kept": 1.50
          }
        }

        """

    @Test("values are read by their type")
    func reads() throws {
        let config = try Self.config(Self.sample)
        #expect(try config.integer("hidden_size") == 64)
        #expect(try config.double("rms_norm_eps") == 1e-5)
        #expect(try config.double("hidden_size") == 64)
        #expect(try config.bool("tie_word_embeddings") == false)
        #expect(try config.string("model_type") == "llama")
        #expect(
            try config.stringsIfPresent("layer_types") == ["full_attention", "sliding_attention"])
        #expect(try config.integersIfPresent("eos_token_id") == [1, 2])
        #expect(try config.sectionIfPresent("rope_scaling")?.double("factor") == 8)
    }

    @Test("an absent key and a null are nil, and can be told apart")
    func absentAndNull() throws {
        let config = try Self.config(Self.sample)
        #expect(try config.integerIfPresent("pad_token_id") == nil)
        #expect(try config.integerIfPresent("bos_token_id") == nil)
        #expect(config.contains("pad_token_id") && !config.contains("bos_token_id"))
    }

    @Test("errors name file, key, what was expected and what was found")
    func errors() throws {
        let config = try Self.config(Self.sample)
        func message(_ read: () throws -> Void) -> String {
            do {
                try read()
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(
            message { _ = try config.integer("vocab_size") }
                == "config.json: key `vocab_size` is missing; expected a whole number")
        #expect(
            message { _ = try config.integer("heads") }
                == "config.json: key `heads`: expected a whole number, found 4.0")
        #expect(
            message { _ = try config.integer("pad_token_id") }
                == "config.json: key `pad_token_id`: expected a whole number, found null")
        #expect(
            message { _ = try config.bool("model_type") }
                == "config.json: key `model_type`: expected true or false, "
                + "found the string `llama`")
        #expect(
            message { _ = try config.sectionIfPresent("rope_scaling")?.string("rope_type") }
                == "config.json: key `rope_scaling.rope_type`: expected a string, found 3")
        #expect(
            message { _ = try config.integersIfPresent("layer_types") }
                == "config.json: key `layer_types`: expected a list of whole numbers, "
                + "found a list of 2")
        #expect(
            message { _ = try config.integer("hidden_size", in: 1...32) }
                == "config.json: key `hidden_size` is out of range: expected 1 to 32, found 64")
        #expect(
            message { throw config.unsupported("model_type", expected: "mamba") }
                == "config.json: key `model_type` is out of range: expected mamba, "
                + "found the string `llama`")
    }

    @Test("a rewrite changes the value that was set and nothing else")
    func rewrites() throws {
        var config = try Self.config(Self.sample)
        #expect(config.text == Self.sample)
        config.set("hidden_size", to: 32)
        config.set("layer_types", to: ["full_attention"])
        var rope = try #require(try config.sectionIfPresent("rope_scaling"))
        rope.set("factor", to: 4)
        config.set(rope)
        let expected = Self.sample
            .replacing("\"hidden_size\": 64", with: "\"hidden_size\": 32")
            .replacing(
                "    \"full_attention\",\n    \"sliding_attention\"\n",
                with: "    \"full_attention\"\n"
            )
            .replacing("\"factor\": 8", with: "\"factor\": 4")
        #expect(config.text == expected)
    }
}
