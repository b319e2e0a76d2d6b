export const composer = {
};
