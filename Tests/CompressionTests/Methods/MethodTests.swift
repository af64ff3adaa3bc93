// Every method that is declared is there.

import Catalogue
import Compression
import Testing

@Suite struct MethodTests {
    @Test func `every offered method does what it declares`() {
        #expect(Method.all.map(\.declaration.name) == Offer.methods.map(\.name))
        for method in Method.all {
            let declaration = method.declaration
            #expect((method.search != nil) == (declaration.needs == .search), "\(declaration.name)")
            #expect((method.weights != nil) == declaration.computesWeights, "\(declaration.name)")
        }
    }
}
