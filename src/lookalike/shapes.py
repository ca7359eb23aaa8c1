"""Names of axes, and the tensor types made of them.

``n`` inputs, ``s`` examples of a support set, ``p`` prototypes, ``k`` classes, ``d`` channels of an activation, ``h w``
positions, ``ph pw`` positions of a prototype, ``views`` prototypes times the deformations tried, ``mh mw`` positions of
a similarity map, ``c`` channels of a picture.
The types are checked at run time only while the tests run.
"""

from jaxtyping import Float, Int
from torch import Tensor

Inputs = Float[Tensor, "n ..."]
SupportInputs = Float[Tensor, "s ..."]
SupportLabels = Int[Tensor, "s"]
PrototypeInputs = Float[Tensor, "p ..."]
Labels = Int[Tensor, "n"]
Weights = Float[Tensor, "n"]
PrototypeLabels = Int[Tensor, "p"]
Activations = Float[Tensor, "n d h w"]
PrototypeActivations = Float[Tensor, "p d ph pw"]
Maps = Float[Tensor, "n p mh mw"]
ViewActivations = Float[Tensor, "views d ph pw"]
ViewMaps = Float[Tensor, "n views mh mw"]
Distances = Float[Tensor, "..."]
Scores = Float[Tensor, "n p"]
Logits = Float[Tensor, "n k"]
Contributions = Float[Tensor, "n p k"]
Bias = Float[Tensor, "k"]
Positions = Int[Tensor, "n p 2"]
Scalar = Float[Tensor, ""]

Shape = tuple[int, ...]
