// How much a forward pass has to do.

import EngineTestSupport
import Model
import TensorMath
import TestSupport
import Testing

@Suite struct ForwardWorkTests {
    @Test("a token of a dense layer is two operations a weight, and two for each that it looks at")
    func counted() throws {
        let blueprint = try ArchitectureFixtures.model("llama-odd-linear").blueprint
        let layer = blueprint.layers[0]
        guard case .attention(let attention) = layer.mixer else {
            Issue.record("it has attention")
            return
        }
        let weights = layer.projections.reduce(0) { $0 + $1.rows.count * $1.inputs }
        let width = attention.heads * attention.headWidth
        // Tokens of a sequence of three look at 1, 2 and 3.
        let batch = PackedSequences([[1, 2, 3]])
        let expected = 2 * 3 * weights + 4 * 6 * width
        #expect(layer.operations(TokenLoad(batch)) == Double(expected))
    }

    @Test("long sequences are more work than short ones of as many tokens; shared ones less")
    func lengths() throws {
        let blueprint = try ArchitectureFixtures.model("llama-odd-linear").blueprint
        let short = TokenLoad(PackedSequences([[1, 2], [3, 4]]))
        let long = TokenLoad(PackedSequences([[1, 2, 3, 4]]))
        #expect(blueprint.operations(long) > blueprint.operations(short))
        let shared = TokenLoad(lengths: [4, 4], computed: 5)
        let apart = TokenLoad(lengths: [4, 4], computed: 8)
        #expect(blueprint.operations(shared) < blueprint.operations(apart))
        #expect(TokenLoad(lengths: [], computed: 0) == .none)
    }

    @Test("every architecture has work to do", arguments: ArchitectureFixtures.names)
    func everyArchitecture(name: String) throws {
        let blueprint = try ArchitectureFixtures.model(name).blueprint
        let load = TokenLoad(PackedSequences([[1, 2, 3]]))
        for layer in blueprint.layers {
            #expect(layer.operations(load) > 0)
        }
        #expect(blueprint.headOperations(3) > 0)
    }
}
