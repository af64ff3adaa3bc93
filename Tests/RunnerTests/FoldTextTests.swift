// What a fold tells people of its costs and rivals.

import Compression
import Testing

@testable import Runner

@Suite struct FoldTextTests {
    @Test("costs that are no numbers are told in words")
    func costs() {
        #expect(FoldText.cost(0.125) == "0.125")
        #expect(FoldText.cost(StretchSelection.cost(.nan)) == "beyond any number")
        let broken = Rival(name: "drop", divergence: StretchSelection.cost(.nan))
        #expect(
            FoldText.rivals([broken, broken])
                .hasSuffix(": drop beyond any number, drop beyond any number"))
    }
}
