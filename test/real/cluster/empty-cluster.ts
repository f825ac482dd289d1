import { makeTempFolder } from "../../../sandbox/temp-folder.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";

/** A control plane without any node, in a folder that ends with it. */
export async function startEmptyCluster(): Promise<ControlPlane> {
  const folder = await makeTempFolder("handover-control-plane-");
  try {
    const controlPlane = await startControlPlane(folder.path);
    return {
      ...controlPlane,
      close: async () => {
        await controlPlane.close();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
